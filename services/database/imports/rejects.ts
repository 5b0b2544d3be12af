/** The rows that were rejected, as a csv that can be corrected and imported as it is. */
import { sql, type Kysely } from 'kysely';
import { asText, csvLine, rejectColumns } from '../../imports/reading/index.ts';
import type { Database } from '../schema.ts';
import type { ImportRef } from './tally.ts';

const atOnce = 1_000;
/**
 * A rejected row may have a mebibyte, so rows are not all that is counted. As they are stored: PostgreSQL's compression makes
 * nothing smaller than a ninetieth, so this is some 10 MB at most, and it knows that size without unpacking anything.
 */
const storedBytesAtOnce = 100_000;

const ours: ReadonlySet<string> = new Set(rejectColumns);

/**
 * Where several files with different columns were imported, it has the columns of each. What could not be cut into fields
 * stands as it was.
 * @returns nothing when no row was rejected.
 */
export async function rejectsFile(db: Kysely<Database>, ref: ImportRef): Promise<AsyncGenerator<string> | undefined> {
  const first = await page(db, ref, undefined);
  if (first.length === 0) return undefined;
  return lines(db, ref, await columnsOf(db, ref), first);
}

async function* lines(db: Kysely<Database>, ref: ImportRef, columns: Columns, first: readonly Reject[]): AsyncGenerator<string> {
  yield rejectsLine([...rejectColumns, ...columns.titles]);
  for (let rejects = first; rejects.length > 0; rejects = await page(db, ref, rejects.at(-1))) {
    yield rejects.map((reject) => rejectsLine([String(reject.line), reject.reason, ...columns.cells(reject)])).join('');
  }
}

const rejectsLine = (cells: readonly string[]): string => csvLine(cells.map(asText));

interface Reject {
  readonly file_no: number;
  readonly line: number;
  readonly reason: string;
  readonly fields: readonly string[] | string;
}

/** @returns at least one if there is one. */
async function page(db: Kysely<Database>, { tenantId, importId }: ImportRef, after: Pick<Reject, 'file_no' | 'line'> = { file_no: 0, line: 0 }): Promise<Reject[]> {
  const { rows } = await sql<Reject>`
    SELECT file_no, line, reason, fields FROM (
      SELECT *, sum(bytes) OVER (ORDER BY file_no, line) - bytes AS bytes_before FROM (
        SELECT file_no, line, reason, fields, pg_column_size(fields) AS bytes FROM import_rejects
        WHERE tenant_id = ${tenantId} AND import_id = ${importId} AND (file_no, line) > (${after.file_no}, ${after.line})
        ORDER BY file_no, line LIMIT ${atOnce}
      ) AS found
    ) AS counted
    WHERE bytes_before < ${storedBytesAtOnce} ORDER BY file_no, line`.execute(db);
  return rows;
}

interface Columns {
  readonly titles: readonly string[];
  cells(reject: Reject): readonly string[];
}

async function columnsOf(db: Kysely<Database>, { tenantId, importId }: ImportRef): Promise<Columns> {
  const files = await db.selectFrom('import_files').select(['file_no', 'header']).where('tenant_id', '=', tenantId).where('import_id', '=', importId).where('header', 'is not', null).orderBy('file_no').execute();
  const placesOf = new Map<number, readonly (number | undefined)[]>();
  const titles: string[] = [];
  const known = new Map<string, number>();
  for (const { file_no, header } of files) {
    const times = new Map<string, number>();
    const places = (header ?? []).map((title) => {
      if (ours.has(title)) return undefined;
      const time = (times.get(title) ?? 0) + 1;
      times.set(title, time);
      // A file may have a title twice, in columns that are not read.
      const name = `${time} ${title}`;
      const place = known.get(name) ?? titles.push(title) - 1;
      known.set(name, place);
      return place;
    });
    placesOf.set(file_no, places);
  }
  return {
    titles,
    cells: ({ file_no, fields }) => {
      if (typeof fields === 'string') return [fields];
      const places = placesOf.get(file_no) ?? [];
      // Too few or too many fields stay so: it is rejected again until somebody has looked at it.
      if (fields.length !== places.length) return fields.filter((_, at) => at >= places.length || places[at] !== undefined);
      const cells = titles.map(() => '');
      for (const [at, field] of fields.entries()) {
        const place = places[at];
        if (place !== undefined) cells[place] = field;
      }
      return cells;
    },
  };
}
