/** Reading imports. Every query names its tenant. */
import { sql, type Kysely, type Selectable, type Transaction } from 'kysely';
import { hasEnded, type Tally } from '../../../contracts/imports/flow.ts';
import type { ImportView, ListImports } from '../../../contracts/imports/schemas.ts';
import type { Page } from '../../../contracts/values.ts';
import { decodeCursor, toPage } from '../paging.ts';
import type { Database } from '../schema.ts';
import { shownPercent, type ImportRow } from './rows.ts';
import { keptOf, summaryOf } from './summary.ts';
import { nothing, talliesOf } from './tally.ts';

const failedChunksShown = 100;
/** Long enough to level out single chunks, short enough to follow what happens. */
const rateSeconds = 20;

export async function findImport(db: Kysely<Database>, tenantId: string, importId: string): Promise<ImportView | undefined> {
  return await atOneMoment(db, async (tx) => {
    const rows = await tx.selectFrom('imports').selectAll().where('tenant_id', '=', tenantId).where('id', '=', importId).execute();
    return (await viewsOf(tx, tenantId, rows)).at(0);
  });
}

/** Newest first. */
export async function listImports(db: Kysely<Database>, tenantId: string, filter: ListImports): Promise<Page<ImportView>> {
  return await atOneMoment(db, async (tx) => {
    let query = tx.selectFrom('imports').selectAll().where('tenant_id', '=', tenantId).orderBy('id', 'desc').limit(filter.limit + 1);
    if (filter.status !== undefined) query = query.where('status', '=', filter.status);
    if (filter.dataset !== undefined) query = query.where('dataset', '=', filter.dataset);
    if (filter.cursor !== undefined) query = query.where('id', '<', decodeCursor(filter.cursor));
    const { items: rows, nextCursor } = toPage(await query.execute(), filter.limit, (row) => row.id, (row) => row);
    return { items: await viewsOf(tx, tenantId, rows), ...(nextCursor !== undefined && { nextCursor }) };
  });
}

/** All queries see the same: a total of now beside a progress of before would let the progress go back. */
async function atOneMoment<Result>(db: Kysely<Database>, read: (tx: Transaction<Database>) => Promise<Result>): Promise<Result> {
  return await db.transaction().setIsolationLevel('repeatable read').setAccessMode('read only').execute(read);
}

type FileRow = Selectable<Database['import_files']>;
interface FailedChunk {
  readonly import_id: string;
  readonly seq: number;
  readonly file_no: number;
  readonly first_line: number;
  readonly rows: number;
  readonly error: string | null;
}

/** Four more queries, however many imports. */
async function viewsOf(db: Kysely<Database>, tenantId: string, imports: readonly ImportRow[]): Promise<ImportView[]> {
  if (imports.length === 0) return [];
  const ids = imports.map(({ id }) => id);
  const [tallies, files, rates, failed] = await Promise.all([
    talliesOf(db, tenantId, ids),
    db.selectFrom('import_files').selectAll().where('tenant_id', '=', tenantId).where('import_id', 'in', ids).orderBy('file_no').execute(),
    ratesOf(db, tenantId, imports.filter(({ status }) => status === 'running').map(({ id }) => id)),
    failedChunksOf(db, tenantId, imports.filter(hasEnded).map(({ id }) => id)),
  ]);
  const filesOf = Map.groupBy(files, ({ import_id }) => import_id);
  return imports.map((row) => toView(row, tallies.get(row.id) ?? nothing, filesOf.get(row.id) ?? [], rates.get(row.id), failed.filter(({ import_id }) => import_id === row.id)));
}

/** Rows a second of the chunks that were done lately, since the import runs. */
async function ratesOf(db: Kysely<Database>, tenantId: string, ids: readonly string[]): Promise<ReadonlyMap<string, number>> {
  if (ids.length === 0) return new Map();
  const { rows } = await sql<{ id: string; rate: number }>`
    SELECT one.id, sum(chunk.rows) / greatest(extract(epoch FROM now() - lately.since), 0.1)::float8 AS rate
    FROM imports AS one
    CROSS JOIN LATERAL (SELECT greatest(one.running_since, now() - make_interval(secs => ${rateSeconds})) AS since) AS lately
    JOIN import_chunks AS chunk ON chunk.tenant_id = one.tenant_id AND chunk.import_id = one.id AND chunk.status = 'done' AND chunk.done_at >= lately.since
    WHERE one.tenant_id = ${tenantId} AND one.id = ANY(${ids})
    GROUP BY one.id, lately.since`.execute(db);
  return new Map(rows.map(({ id, rate }) => [id, Math.round(rate)]));
}

async function failedChunksOf(db: Kysely<Database>, tenantId: string, ids: readonly string[]): Promise<readonly FailedChunk[]> {
  if (ids.length === 0) return [];
  const { rows } = await sql<FailedChunk>`
    SELECT chunk.* FROM unnest(${ids}::text[]) AS one(id)
    CROSS JOIN LATERAL (
      SELECT import_id, seq, file_no, first_line, rows, error FROM import_chunks
      WHERE tenant_id = ${tenantId} AND import_id = one.id AND status = 'failed' ORDER BY seq LIMIT ${failedChunksShown}
    ) AS chunk`.execute(db);
  return rows;
}

function toView(row: ImportRow, tally: Tally, files: readonly FileRow[], rate: number | undefined, failed: readonly FailedChunk[]): ImportView {
  const { failed: lostRows, ...rows } = tally.rows;
  const left = rows.total - rows.processed - lostRows;
  return {
    id: row.id,
    dataset: row.dataset,
    status: row.status,
    ...(row.reason !== null && { reason: row.reason }),
    ...(row.detail !== null && { detail: row.detail }),
    ...(row.line !== null && { line: row.line }),
    dryRun: row.dry_run,
    progress: row.status === 'pending' ? 0 : shownPercent(row, tally),
    rows,
    chunks: tally.chunks,
    ...(rate !== undefined && rate > 0 && { rate, secondsLeft: Math.ceil(left / rate) }),
    files: files.map(toFileView),
    ...(row.ended_at !== null && { report: reportOf(row, row.ended_at, tally, failed) }),
    ...(row.requested_by !== null && { requestedBy: row.requested_by }),
    createdAt: row.created_at.toISOString(),
    ...(row.started_at !== null && { startedAt: row.started_at.toISOString() }),
    ...(row.ended_at !== null && { endedAt: row.ended_at.toISOString() }),
  };
}

function reportOf(row: ImportRow, endedAt: Date, tally: Tally, failed: readonly FailedChunk[]): NonNullable<ImportView['report']> {
  return {
    summary: summaryOf({ status: row.status, dryRun: row.dry_run, detail: row.detail }, tally),
    kept: keptOf(tally, row.dry_run),
    failedChunks: failed.map(({ seq, file_no, first_line, rows, error }) => ({ chunk: seq, file: file_no, firstLine: first_line, rows, reason: error ?? 'internal_error' })),
    seconds: Math.round((endedAt.getTime() - (row.started_at ?? row.created_at).getTime()) / 100) / 10,
  };
}

function toFileView(file: FileRow): ImportView['files'][number] {
  const { name, source_format: format, encoding, delimiter, header, columns } = file;
  const columnAt = new Map(Object.entries(columns ?? {}).map(([column, at]) => [at, column]));
  return {
    ...(name !== null && { name }),
    bytes: file.bytes,
    status: file.status,
    ...(format !== null && { format }),
    ...(encoding !== null && { encoding }),
    // A workbook has none; the one of its copy means nothing to a person.
    ...(delimiter !== null && format !== 'xlsx' && { delimiter }),
    ...(header !== null && { columns: header.map((title, at) => ({ header: title, column: columnAt.get(at) ?? null })) }),
    ...(file.rows !== null && { rows: file.rows }),
    ...(file.reason !== null && { reason: file.reason }),
    ...(file.detail !== null && { detail: file.detail }),
    ...(file.line !== null && { line: file.line }),
  };
}
