/**
 * What survives a restart: an append-only file of JSON lines. One line is one transaction (a list of `[table, id, row]`,
 * `null` for a removed row), written by one call before anybody is answered, so a killed process leaves all or nothing of it.
 */
import { closeSync, ftruncateSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { z, type ZodType } from 'zod';

const transactionLine = z.array(z.tuple([z.string(), z.string(), z.unknown()]));
type Change = readonly [table: string, id: string, row: unknown];

export interface Table<Row> {
  get(id: string): Row | undefined;
  put(id: string, row: Row): void;
  remove(id: string): void;
  /** In the order in which the rows were first put. */
  values(): IterableIterator<Row>;
  readonly size: number;
}

export class Store {
  #file: number | undefined;
  readonly #loaded = new Map<string, Map<string, unknown>>();
  #open: Change[] | undefined;

  /** @throws when the file is there but is not a state file. */
  constructor(file?: string) {
    if (file === undefined) return;
    mkdirSync(path.dirname(path.resolve(file)), { recursive: true });
    // The state holds answers that were given to keys: nobody else's business.
    this.#file = openSync(file, 'a+', 0o600);
    this.#load(readFileSync(file), this.#file);
  }

  #load(bytes: Buffer, file: number): void {
    const end = bytes.lastIndexOf('\n') + 1;
    for (const line of bytes.toString('utf8', 0, end).split('\n')) {
      if (line === '') continue;
      for (const [table, id, row] of transactionLine.parse(JSON.parse(line))) {
        const rows = this.#loaded.get(table) ?? new Map<string, unknown>();
        this.#loaded.set(table, rows);
        if (row === null) rows.delete(id);
        else rows.set(id, row);
      }
    }
    // Half a line is a transaction that nobody was told of.
    if (end < bytes.length) ftruncateSync(file, end);
  }

  table<Row>(name: string, schema: ZodType<Row>): Table<Row> {
    const rows = new Map<string, Row>();
    for (const [id, row] of this.#loaded.get(name) ?? []) rows.set(id, schema.parse(row));
    this.#loaded.delete(name);
    return {
      get: (id) => rows.get(id),
      put: (id, row) => {
        rows.set(id, row);
        this.#record([name, id, row]);
      },
      remove: (id) => {
        if (rows.delete(id)) this.#record([name, id, null]);
      },
      values: () => rows.values(),
      get size() {
        return rows.size;
      },
    };
  }

  /** Everything that `work` puts is written together. `work` is synchronous, so nothing else comes between. */
  transaction<Result>(work: () => Result): Result {
    if (this.#open !== undefined) return work();
    const changes: Change[] = [];
    this.#open = changes;
    try {
      return work();
    } finally {
      this.#open = undefined;
      this.#write(changes);
    }
  }

  #record(change: Change): void {
    if (this.#open === undefined) this.#write([change]);
    else this.#open.push(change);
  }

  #write(changes: readonly Change[]): void {
    if (this.#file !== undefined && changes.length > 0) writeSync(this.#file, `${JSON.stringify(changes)}\n`);
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}
