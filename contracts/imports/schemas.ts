/** Imports on the wire: what callers send and get. */
import { z } from 'zod';
import { failures, isFailureCode, type Refusal } from '../failures.ts';
import { foreignId, pageQuery, text } from '../values.ts';
import { importFileStatuses, importStatuses } from './flow.ts';

/** In a query everything is text. */
const flag = z.enum(['true', 'false', '1', '0', '']).default('false').transform((value) => value !== 'false' && value !== '0');

const headersToColumns = z.record(z.string().max(1_000), z.string().max(64).nullable()).refine((mapping) => Object.keys(mapping).length <= 1_000, 'names too many columns');

/** `{"E-mail address": "email"}`: a header of the file, and the column of the dataset that it is; null for one that is left out. */
const mapping = z.string().max(20_000).transform((json, context) => {
  try {
    const value: unknown = JSON.parse(json);
    const result = headersToColumns.safeParse(value);
    if (result.success) return result.data;
    context.addIssue({ code: 'custom', message: 'must be a JSON object of header to column' });
  } catch {
    context.addIssue({ code: 'custom', message: 'must be JSON' });
  }
  return z.NEVER;
});

const fileName = text(255).optional().describe('Shown, and nothing else: the file is stored under a name of our own.');
const delimiter = z.string().max(3).optional().describe('Between the fields of a csv; found by looking if absent. `tab` for a tab.');
const encoding = z.string().max(40).optional().describe('E.g. `windows-1252`, as the WHATWG Encoding Standard names it; found by looking if absent, which knows UTF-8 and UTF-16.');

/** How the file is to be read. */
export const importFileQuery = z.strictObject({ fileName, delimiter, encoding });

export const createImportQuery = z.strictObject({
  dataset: z.string().max(64).meta({ description: 'Which: see `GET /v1/datasets`.', example: 'users' }),
  fileName,
  mapping: mapping.optional().describe('JSON object: header of the file → column of the dataset, for headers that are not known by themselves; → null for one that is to be left out.'),
  delimiter,
  encoding,
  dryRun: flag.describe('Reads, checks and counts everything, and writes nothing.'),
  stopOnFailure: flag.describe('Stops at the first chunk or file that fails for good. Otherwise the others go on.'),
  requestedBy: foreignId.optional().describe('Who is told how it ended; the administrators if absent.'),
});
export type CreateImport = z.infer<typeof createImportQuery>;

export const listImportsQuery = z.strictObject({ status: z.enum(importStatuses).optional(), dataset: z.string().max(64).optional(), ...pageQuery });
export type ListImports = z.infer<typeof listImportsQuery>;

const count = z.int().min(0);

export const importFileView = z.object({
  name: z.string().optional(),
  bytes: count,
  status: z.enum(importFileStatuses).describe('pending: not inspected yet. inspected: what is in it is known. failed: it cannot be read, see `reason`.'),
  format: z.string().optional().describe('csv, xlsx or ndjson.'),
  encoding: z.string().optional(),
  delimiter: z.string().optional(),
  columns: z.array(z.object({ header: z.string(), column: z.string().nullable().describe('The column of the dataset that it is; null: ignored.') })).optional(),
  rows: count.optional(),
  reason: z.string().optional(),
  detail: z.string().optional(),
  line: count.optional(),
});

export const importReport = z.object({
  summary: z.string().describe('What came of it, in a sentence.'),
  kept: z.object({ rows: count, chunks: count }).describe('What stays imported, whatever the status is.'),
  failedChunks: z.array(z.object({ chunk: count, file: count, firstLine: count, rows: count, reason: z.string() })).describe('The first hundred. `POST /v1/flows/import:{id}/retry` loads just those.'),
  seconds: z.number(),
});

export const importView = z.object({
  id: z.string().describe('imp_…, sortable by time.'),
  dataset: z.string(),
  status: z.enum(importStatuses),
  reason: z.string().optional().describe('Why it failed: a code.'),
  detail: z.string().optional(),
  line: count.optional().describe('Where in the file, if what failed it has a place.'),
  dryRun: z.boolean(),
  progress: z.number().min(0).max(100).describe('Never goes back. 100 when it is completed; otherwise an end leaves it where it was.'),
  rows: z.object({ total: count, processed: count, inserted: count, updated: count, rejected: count }).describe('`total` grows with each file that is inspected; `processed` counts the chunks that are done.'),
  chunks: z.object({ total: count, pending: count, failed: count }),
  rate: z.number().optional().describe('Rows a second, lately. Present while it is running.'),
  secondsLeft: z.number().optional(),
  files: z.array(importFileView),
  report: importReport.optional().describe('Present when it has ended.'),
  rejectsUrl: z.string().optional().describe('The rejected rows as csv. Present when there are any. Needs the API key.'),
  requestedBy: z.string().optional(),
  createdAt: z.string(),
  startedAt: z.string().optional(),
  endedAt: z.string().optional(),
});
export type ImportView = z.infer<typeof importView>;

/** @returns why an import that has ended cannot go on; nothing if there is something that `retry` would load. */
export function nothingLeft({ status, chunks, files }: ImportView): Refusal | undefined {
  if (status === 'cancelled') return { refused: 'nothing_to_resume', detail: 'The import was cancelled; import the file again.' };
  const unread = files.filter((file) => file.status !== 'inspected');
  const mayBeRead = unread.some(({ status, reason }) => status === 'pending' || (isFailureCode(reason) && failures[reason].retryable));
  if (chunks.failed > 0 || chunks.pending > 0 || mayBeRead) return undefined;
  return { refused: 'nothing_to_resume', detail: unread.length > 0 ? 'Its file has to be corrected and imported anew; there is nothing else to load.' : 'Everything of it that can be loaded is.' };
}
