/** A chunk as the database knows it: what to read, how, and for which import. */
import type pg from 'pg';
import { z } from 'zod';
import type { LoadTask } from './types.ts';

const chunkRow = z.object({
  status: z.enum(['pending', 'done', 'failed']),
  ended: z.boolean(),
  fileNo: z.int(),
  from: z.coerce.number(),
  to: z.coerce.number(),
  firstLine: z.coerce.number(),
  dataset: z.string(),
  dryRun: z.boolean(),
  importNo: z.coerce.number(),
  key: z.string(),
  format: z.enum(['csv', 'ndjson']),
  delimiter: z.string().nullable().transform((delimiter) => delimiter ?? undefined),
  header: z.array(z.string()),
  columns: z.record(z.string(), z.int()),
  inserted: z.int(),
  updated: z.int(),
  rejected: z.int(),
});

export type Chunk = z.infer<typeof chunkRow> & LoadTask;

/** @throws when there is no such chunk. */
export async function selectChunk(client: pg.Client, { tenantId, importId, seq }: LoadTask): Promise<Chunk> {
  const { rows } = await client.query(
    `SELECT c.status, i.ended_at IS NOT NULL AS ended, c.file_no AS "fileNo", c.from_byte AS "from", c.to_byte AS "to", c.first_line AS "firstLine",
       i.dataset, i.dry_run AS "dryRun", i.no AS "importNo", f.read_key AS key, f.format, f.delimiter, f.header, f.columns, c.inserted, c.updated, c.rejected
     FROM import_chunks AS c
       JOIN import_files AS f USING (tenant_id, import_id, file_no)
       JOIN imports AS i ON i.tenant_id = c.tenant_id AND i.id = c.import_id
     WHERE c.tenant_id = $1 AND c.import_id = $2 AND c.seq = $3`,
    [tenantId, importId, seq],
  );
  if (rows.length === 0) throw new Error(`There is no chunk ${seq} of ${importId}.`);
  return { ...chunkRow.parse(rows[0]), tenantId, importId, seq };
}

/**
 * Whoever ends an import locks its chunks first: so this waits for that, or that for this, and nothing is loaded behind
 * the back of an import that has ended. Two statements: the second sees what was written while the first waited.
 */
export async function lockChunk(client: pg.Client, { tenantId, importId, seq }: LoadTask): Promise<void> {
  await client.query('SELECT FROM import_chunks WHERE tenant_id = $1 AND import_id = $2 AND seq = $3 FOR UPDATE', [tenantId, importId, seq]);
}
