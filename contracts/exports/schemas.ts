/** Exports on the wire: what callers send and get. */
import { z } from 'zod';
import type { FailureCode, Refusal } from '../failures.ts';
import { failures } from '../failures.ts';
import { foreignId, pageQuery, text } from '../values.ts';
import { exportFilters, filterNames } from './filters.ts';
import { exportDatasets, exportFormats, exportStatuses, maxExportSeconds, type ExportDataset, type ExportFormat, type ExportRequest } from './flow.ts';

const isDataset = (name: string): name is ExportDataset => exportDatasets.some((known) => known === name);
const isFormat = (name: string): name is ExportFormat => exportFormats.some((known) => known === name);

const filterTable = exportDatasets.map((dataset) => `- \`${dataset}\`: ${filterNames(dataset).map((name) => `\`${name}\``).join(', ')}`).join('\n');

/** Text for the dataset and the format: what is not known is refused by its own code, which names the choices. */
const fields = z.strictObject({
  dataset: text(64).meta({ description: `One of: ${exportDatasets.join(', ')}.`, example: 'attendees' }),
  format: text(64).meta({ description: `One of: ${exportFormats.join(', ')}. In a csv, text that a spreadsheet would take for a formula begins with an apostrophe.`, example: 'xlsx' }),
  filters: z.record(z.string(), z.string()).default({}).describe(`Which rows; all of them if absent. By dataset:\n${filterTable}\n\n\`…From\` is inclusive, \`…To\` is not.`),
  requestedBy: foreignId.optional().describe('Who is told when it is ready or has failed.'),
  fileName: text(100)
    .regex(/^[^/\\]*$/, 'must not contain a slash')
    .optional()
    .describe('What the download is called; no personal data, please: it gets into the history of the flow. If absent, the dataset and the date.'),
  expiresInDays: z.number().positive().max(maxExportSeconds / 86_400).default(maxExportSeconds / 86_400).describe('How long the file is kept and its link is good, from when it is ready: seven days at most.'),
  bom: z.boolean().default(false).describe('Only for csv: begins with a byte order mark, by which Excel knows that it is UTF-8.'),
});

export const createExportBody = fields.transform((asked, context) => {
  if (asked.bom && asked.format !== 'csv' && isFormat(asked.format)) context.addIssue({ code: 'custom', path: ['bom'], message: 'is only for csv' });
  if (!isDataset(asked.dataset)) return asked;
  const filters = exportFilters(asked.dataset).safeParse(asked.filters);
  if (filters.success) return { ...asked, filters: Object.fromEntries(Object.entries(filters.data).filter((entry): entry is [string, string] => entry[1] !== undefined)) };
  for (const issue of filters.error.issues) context.addIssue({ ...issue, path: ['filters', ...issue.path] });
  return z.NEVER;
});
export type CreateExport = z.input<typeof createExportBody>;

/** The request, or what there is no such thing of. */
export function exportRequest({ dataset, format, expiresInDays, requestedBy, fileName, ...asked }: z.output<typeof createExportBody>): ExportRequest | Refusal {
  if (!isDataset(dataset)) return { refused: 'unknown_dataset', detail: `There is no dataset ${dataset} to export. Choose from: ${exportDatasets.join(', ')}.` };
  if (!isFormat(format)) return { refused: 'unknown_format', detail: `There is no format ${format}. Choose from: ${exportFormats.join(', ')}.` };
  const keepSeconds = Math.max(Math.floor(expiresInDays * 86_400), 1);
  return { dataset, format, keepSeconds, ...asked, ...(requestedBy !== undefined && { requestedBy }), ...(fileName !== undefined && { fileName }) };
}

export const exportId = z.string().regex(/^exp_[0-9a-z]{26}$/, 'must look like exp_01jq…');

const failureCodes = Object.keys(failures).filter((code): code is FailureCode => Object.hasOwn(failures, code));

export const exportState = z.object({
  id: z.string().describe('exp_…, sortable by time.'),
  dataset: z.enum(exportDatasets),
  format: z.enum(exportFormats),
  filters: z.record(z.string(), z.string()),
  status: z.enum(exportStatuses),
  progress: z.int().min(0).max(100).describe('0–100; never goes back.'),
  rows: z.int().describe('Written so far; of one that is ready, how many the file has.'),
  bytes: z.int().optional().describe('Size of the file. Present once it is ready.'),
  sha256: z.string().optional().describe('Of the file. Present once it is ready.'),
  reason: z.enum(failureCodes).optional().describe('Why it failed.'),
  detail: z.string().optional().describe('The same in words, and what to do.'),
  requestedBy: z.string().optional(),
  fileName: z.string(),
  createdAt: z.string(),
  startedAt: z.string().optional(),
  endedAt: z.string().optional(),
  expiresAt: z.string().optional().describe('When the file is removed and its link stops working. Present once it is ready.'),
});
/** As its flow knows it. */
export type ExportState = z.infer<typeof exportState>;

export const exportView = exportState.extend({
  downloadUrl: z.string().optional().describe('Opens the file without an API key until `expiresAt`. Present while it is ready.'),
});
export type ExportView = z.infer<typeof exportView>;

export const listExportsQuery = z.strictObject({
  status: z.enum(exportStatuses).optional(),
  dataset: z.enum(exportDatasets).optional(),
  ...pageQuery,
});
export type ListExports = z.infer<typeof listExportsQuery>;
