/** Writing down an import and its files. */
import { sql, type Kysely } from 'kysely';
import { hasEnded, maxFilesOfImport } from '../../../contracts/imports/flow.ts';
import { unknownImport, type Refusal } from '../../../contracts/failures.ts';
import { keepForGood } from '../expired-files.ts';
import type { Database } from '../schema.ts';
import { lockImport } from './rows.ts';
import type { ImportRef } from './tally.ts';

export interface NewFile {
  readonly key: string;
  readonly bytes: number;
  readonly name?: string | undefined;
  readonly encoding?: string | undefined;
  readonly delimiter?: string | undefined;
  /** The same for a repeat of the same request. */
  readonly requestId?: string | undefined;
}

export interface NewImport extends ImportRef {
  readonly dataset: string;
  /** Column of the dataset to header of the file. */
  readonly mapping: Readonly<Record<string, string>> | undefined;
  readonly dryRun: boolean;
  readonly stopOnFailure: boolean;
  readonly requestedBy: string | undefined;
  readonly file: NewFile;
}

/** Does nothing when it is there already. */
export async function createImport(db: Kysely<Database>, { tenantId, importId, dataset, mapping, dryRun, stopOnFailure, requestedBy, file }: NewImport): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const { numInsertedOrUpdatedRows } = await tx
      .insertInto('imports')
      .values({
        tenant_id: tenantId,
        id: importId,
        dataset,
        status: 'pending',
        mapping: mapping === undefined ? null : JSON.stringify(mapping),
        dry_run: dryRun,
        stop_on_failure: stopOnFailure,
        requested_by: requestedBy ?? null,
      })
      .onConflict((conflict) => conflict.columns(['tenant_id', 'id']).doNothing())
      .executeTakeFirstOrThrow();
    if (numInsertedOrUpdatedRows === 1n) await insertFile(tx, { tenantId, importId }, 1, file);
  });
}

/**
 * Under the lock of the import's row: it either ends without the file, and the file is refused, or it takes it in.
 * A repeat of the same request adds nothing.
 */
export async function addFile(db: Kysely<Database>, ref: ImportRef, file: NewFile): Promise<Refusal | undefined> {
  const { tenantId, importId } = ref;
  return await db.transaction().execute(async (tx): Promise<Refusal | undefined> => {
    const row = await lockImport(tx, ref);
    if (row === undefined) return unknownImport(importId);
    const { files, repeated } = await tx
      .selectFrom('import_files')
      .select(({ fn }) => [fn.countAll<number>().as('files'), sql<boolean>`coalesce(bool_or(request_id = ${file.requestId ?? null}), false)`.as('repeated')])
      .where('tenant_id', '=', tenantId)
      .where('import_id', '=', importId)
      .executeTakeFirstOrThrow();
    if (repeated) return undefined;
    if (hasEnded(row)) return importClosed(row.status);
    if (files >= maxFilesOfImport) return { refused: 'invalid_request', detail: `An import has at most ${maxFilesOfImport} files.` };
    await insertFile(tx, ref, files + 1, file);
    return undefined;
  });
}

export const importClosed = (status: string): Refusal => ({ refused: 'import_closed', detail: `The import is ${status}.` });

async function insertFile(tx: Kysely<Database>, { tenantId, importId }: ImportRef, fileNo: number, { key, bytes, name, encoding, delimiter, requestId }: NewFile): Promise<void> {
  await tx
    .insertInto('import_files')
    .values({
      tenant_id: tenantId,
      import_id: importId,
      file_no: fileNo,
      name: name ?? null,
      key,
      bytes,
      status: 'pending',
      encoding: encoding ?? null,
      delimiter: delimiter ?? null,
      request_id: requestId ?? null,
    })
    .execute();
  // Until the import ends.
  await keepForGood(tx, tenantId, [key]);
}
