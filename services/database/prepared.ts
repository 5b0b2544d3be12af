/**
 * Statements that come again are prepared, once for each connection. Otherwise PostgreSQL parses and plans each of them
 * anew every time, which is half of what it does for a payment.
 */
import type { PostgresCursor, PostgresPool, PostgresPoolClient, PostgresQueryResult } from 'kysely';
import type pg from 'pg';
import { isStalePlan } from './errors.ts';

/** A statement that is sent once, or in as many lengths as there are lists, is not worth a plan that is kept. */
const preparedFromUse = 3;
/** A connection keeps some 10 kB for each. */
const preparedAtMost = 200;
const countedAtMost = 2_000;

class Names {
  readonly #uses = new Map<string, number>();
  #names = new Map<string, string>();
  #generation = 0;

  /** @returns nothing for a statement that is not worth preparing. */
  of(text: string): string | undefined {
    const known = this.#names.get(text);
    if (known !== undefined || this.#names.size >= preparedAtMost) return known;
    if (this.#uses.size >= countedAtMost) this.#uses.clear();
    const uses = (this.#uses.get(text) ?? 0) + 1;
    this.#uses.set(text, uses);
    if (uses < preparedFromUse) return undefined;
    const name = `holdfast_${this.#generation}_${this.#names.size}`;
    this.#names.set(text, name);
    return name;
  }

  /** From now on every statement has another name, so no connection uses a plan that it has. */
  renew(): void {
    this.#names = new Map();
    this.#generation += 1;
  }
}

const names = new Names();

/** The pool as Kysely is to see it. */
export function preparing(pool: pg.Pool): PostgresPool {
  const clients = new WeakMap<pg.PoolClient, PostgresPoolClient>();
  return {
    connect: async () => {
      const client = await pool.connect();
      const known = clients.get(client) ?? new PreparingClient(client);
      clients.set(client, known);
      return known;
    },
    end: async () => await pool.end(),
  };
}

/** A client of pg, with the types that Kysely has for its answers. */
interface Client {
  query<Row>(text: string, values: readonly unknown[]): Promise<PostgresQueryResult<Row>>;
  query<Row>(statement: { readonly name: string; readonly text: string; readonly values: readonly unknown[] }): Promise<PostgresQueryResult<Row>>;
  release(): void;
}

class PreparingClient implements PostgresPoolClient {
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  query<Row>(text: string, values: readonly unknown[]): Promise<PostgresQueryResult<Row>>;
  query<Row>(cursor: PostgresCursor<Row>): PostgresCursor<Row>;
  query<Row>(first: string | PostgresCursor<Row>, values: readonly unknown[] = []): Promise<PostgresQueryResult<Row>> | PostgresCursor<Row> {
    if (typeof first !== 'string') throw new TypeError('Nothing here reads through a cursor of Kysely.');
    return this.#send<Row>(first, values);
  }

  async #send<Row>(text: string, values: readonly unknown[]): Promise<PostgresQueryResult<Row>> {
    const name = values.length === 0 ? undefined : names.of(text);
    try {
      return await (name === undefined ? this.#client.query<Row>(text, values) : this.#client.query<Row>({ name, text, values }));
    } catch (error) {
      // A migration has changed a table whose columns the plan knows. The next try is planned anew.
      if (isStalePlan(error)) names.renew();
      throw error;
    }
  }

  release(): void {
    this.#client.release();
  }
}
