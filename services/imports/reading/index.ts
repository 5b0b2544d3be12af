/**
 * Any uploaded file as records: what it is, where its chunks begin and end, and the records of a chunk. The rules of csv
 * are in `csv.ts`, those of ndjson in `ndjson.ts`, those of workbooks in `xlsx/`.
 */
export { inspectFile } from './inspect.ts';
export { readRecords } from './records.ts';
export { asText, rejectColumns } from './rejects-file.ts';
export { csvLine } from './write-csv.ts';
export { defaultChunkBytes } from './limits.ts';
export { delimiters, encodings, FileProblem } from './types.ts';
export type { Chunk, Delimiter, Encoding, FileProblemCode, InspectFile, Inspection, OnBadRecord, OnRecord, ReadRecords, RecordFormat, SourceFormat } from './types.ts';
