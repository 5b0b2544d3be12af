/** What the reading of files makes of one, as an import would see it: inspected first, then read chunk by chunk. */
import { buffer } from 'node:stream/consumers';
import { FileProblem, inspectFile, readRecords, type InspectFile, type Inspection } from '../../services/imports/reading/index.ts';
import { createMemoryStorage } from './memory-storage.ts';

export interface ReadFile {
  readonly inspection: Inspection;
  readonly header: readonly string[];
  readonly rows: readonly (readonly [line: number, ...fields: string[]])[];
  readonly bad: readonly { readonly line: number; readonly raw: string; readonly reason: string; readonly fields: readonly string[] }[];
}

export type ReadOptions = Pick<InspectFile, 'encoding' | 'delimiter' | 'chunkBytes'> & { readonly blockBytes?: number };

const key = 'acme/imports/imp_1/1';
const copyKey = 'acme/imports/imp_1/1.csv';

/** @throws FileProblem */
export async function recordsOf(file: string | Uint8Array, { blockBytes, ...options }: ReadOptions = {}): Promise<ReadFile> {
  const storage = createMemoryStorage(blockBytes);
  await storage.put(key, Buffer.from(file as string), { contentType: 'application/octet-stream' });
  const inspection = await inspectFile({ storage, key, copyKey, ...options });
  const rows: (readonly [number, ...string[]])[] = [];
  const bad: ReadFile['bad'][number][] = [];
  for (const { from, to, firstLine } of inspection.chunks) {
    const bytes = await buffer(await storage.get(inspection.key, { from, to }));
    readRecords(
      bytes,
      { ...inspection, firstLine },
      (line, fields) => rows.push([line, ...fields]),
      (line, raw, reason, fields) => bad.push({ line, raw, reason, fields }),
    );
  }
  return { inspection, header: inspection.header, rows, bad };
}

/** What is wrong with a file. Fails if nothing is. A copy of it must not be left behind. */
export async function problemOf(file: string | Uint8Array, { blockBytes, ...options }: ReadOptions = {}): Promise<{ code: string; line: number | undefined; detail: string }> {
  const storage = createMemoryStorage(blockBytes);
  await storage.put(key, Buffer.from(file as string), { contentType: 'application/octet-stream' });
  try {
    await inspectFile({ storage, key, copyKey, ...options });
  } catch (error) {
    if (!(error instanceof FileProblem)) throw error;
    if (storage.files.has(copyKey)) throw new Error('A copy was left behind.', { cause: error });
    return { code: error.code, line: error.line, detail: error.message };
  }
  throw new Error('The file was read.');
}
