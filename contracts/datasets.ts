/** Datasets on the wire: what can be imported, and which columns it has. */
import { z } from 'zod';

export const datasetColumn = z.object({
  name: z.string(),
  description: z.string(),
  required: z.boolean().describe('The file must have it, and each row a value in it.'),
  aliases: z.array(z.string()).describe('Other headers that mean it. Case, spaces, `_`, `-`, `.` and accents are ignored.'),
  example: z.string(),
});

export const datasetSummary = z.object({
  name: z.string(),
  description: z.string(),
  key: z.array(z.string()).describe('The columns that say which record a row is about: one that is there is updated.'),
});
export type DatasetSummary = z.infer<typeof datasetSummary>;

export const datasetView = datasetSummary.extend({ columns: z.array(datasetColumn) });
export type DatasetView = z.infer<typeof datasetView>;

export const exampleFormats = ['csv'] as const;
export const datasetExampleQuery = z.strictObject({ format: z.string().max(20).default('csv').describe('`csv`.') });
