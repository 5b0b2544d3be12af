/** Imports written down by hand, so that a test decides where the chunks of a file begin and end. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Databases } from '../../services/database/connection.ts';
import { recordInspection } from '../../services/database/imports/chunks.ts';
import { findImportDataset, mapColumns } from '../../services/imports/datasets/index.ts';
import type { Inspection } from '../../services/imports/load/types.ts';
import { openStorage, type Storage } from '../../services/storage/storage.ts';

export interface Desk {
  readonly databases: Databases;
  readonly storage: Storage;
  readonly storageUrl: string;
}

export async function openDesk(databases: Databases): Promise<Desk> {
  const storageUrl = pathToFileURL(await mkdtemp(path.join(tmpdir(), 'holdfast-imports-'))).href;
  return { databases, storage: openStorage(storageUrl), storageUrl };
}

let made = 0;
export const newImport = (): string => `imp_${process.pid.toString(36)}${Date.now().toString(36)}${(made++).toString(36)}`;

export interface WrittenImport {
  readonly tenantId: string;
  readonly dataset: string;
  readonly header: string;
  /** The lines of each chunk. Or of each chunk of each file, see `files`. */
  readonly chunks: readonly (readonly string[])[];
  readonly dryRun?: boolean;
  readonly importId?: string;
  readonly fileNo?: number;
}

/** The first line of the file is its header. @returns the import's id; its chunks are numbered from 1. */
export async function writeImport({ databases, storage }: Desk, { tenantId, dataset, header, chunks, dryRun = false, importId = newImport(), fileNo = 1 }: WrittenImport): Promise<string> {
  const known = findImportDataset(dataset);
  if (known === undefined) throw new Error(dataset);
  const mapped = mapColumns(header.split(','), known);
  if ('refused' in mapped) throw new Error(mapped.detail);
  const key = `${tenantId}/imports/${importId}-${fileNo}`;
  const texts = chunks.map((lines) => lines.map((line) => `${line}\n`).join(''));
  await storage.put(key, Buffer.from(`${header}\n${texts.join('')}`), { contentType: 'text/csv' });

  let from = Buffer.byteLength(header) + 1;
  let firstLine = 2;
  const plan = texts.map((text, at) => {
    const chunk = { from, to: from + Buffer.byteLength(text), rows: chunks[at]?.length ?? 0, firstLine };
    from = chunk.to;
    firstLine += text.split('\n').length - 1;
    return chunk;
  });
  const inspection: Inspection = { key, format: 'csv', sourceFormat: 'csv', encoding: 'utf-8', delimiter: ',', header: header.split(','), rows: chunks.flat().length, bytes: from, chunks: plan };
  await databases.write.transaction().execute(async (tx) => {
    if (fileNo === 1) await tx.insertInto('imports').values({ tenant_id: tenantId, id: importId, dataset, status: 'running', dry_run: dryRun }).execute();
    await tx.insertInto('import_files').values({ tenant_id: tenantId, import_id: importId, file_no: fileNo, key, bytes: from, status: 'pending' }).execute();
    await recordInspection(tx, { tenantId, importId, fileNo }, inspection, mapped.columns);
  });
  return importId;
}

export async function chunksOf({ databases }: Desk, tenantId: string, importId: string) {
  return await databases.write.selectFrom('import_chunks').select(['seq', 'status', 'inserted', 'updated', 'rejected']).where('tenant_id', '=', tenantId).where('import_id', '=', importId).orderBy('seq').execute();
}

export async function rejectsOf({ databases }: Desk, tenantId: string, importId: string) {
  return await databases.write.selectFrom('import_rejects').select(['file_no', 'line', 'reason', 'fields']).where('tenant_id', '=', tenantId).where('import_id', '=', importId).orderBy('file_no').orderBy('line').execute();
}
