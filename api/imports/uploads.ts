/** Sending a file to be imported: the body is the file, streamed. Nothing is parsed here; the flow does that. */
import type { FastifyPluginCallback } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { newImportId } from '../../client/index.ts';
import { isRefusal, type FailureCode } from '../../contracts/failures.ts';
import { hasEnded } from '../../contracts/imports/flow.ts';
import { createImportQuery, importFileQuery, importView, type CreateImport } from '../../contracts/imports/schemas.ts';
import { addFile, createImport, importClosed } from '../../services/database/imports/create.ts';
import { findImportDataset, importDatasetNames, mapColumns, type ColumnMapping, type ImportDataset } from '../../services/imports/datasets/index.ts';
import { delimiters, encodings } from '../../services/imports/reading/index.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { callerOf } from '../http/caller.ts';
import { answers } from '../http/openapi.ts';
import { Refused } from '../http/problems.ts';
import { acceptFiles, receiveFile } from '../http/upload.ts';
import { params, shownImport, tags } from './shown.ts';

const contentType = 'application/octet-stream';
const uploading: readonly FailureCode[] = ['file_empty', 'upload_incomplete', 'storage_unavailable', 'temporal_unavailable', 'database_conflict'];
const whatIsRead = 'csv (also UTF-16 and other encodings), xlsx or ndjson, found out by its content, whatever the Content-Type is';

/** In a scope of its own: here a body is a file and nothing else. */
export const importUploads = (dependencies: ApiDependencies): FastifyPluginCallback => (scope, _options, done) => {
  const { databases, temporal, storage, maxUploadBytes } = dependencies;
  const app = scope.withTypeProvider<ZodTypeProvider>();
  acceptFiles(scope);

  app.post(
    '/imports',
    {
      config: { upload: true },
      schema: {
        tags,
        summary: 'Import a file',
        description: `The body is the file: ${whatIsRead}. Answers when all of it is here; the import goes on by itself. What is wrong with single rows is in \`…/rejects\`, what is wrong with the file as a whole makes the import \`failed\`.`,
        querystring: createImportQuery,
        response: answers('POST', { 202: importView }, ['unknown_dataset', ...uploading]),
      },
    },
    async (request, reply) => {
      const { tenantId, holdfast } = callerOf(request);
      const { dataset: name, fileName, mapping, dryRun, stopOnFailure, requestedBy } = request.query;
      const dataset = findImportDataset(name);
      if (dataset === undefined) throw new Refused('unknown_dataset', `There is no dataset ${name}. There are: ${importDatasetNames.join(', ')}.`);
      const reading = readingOf(request.query);
      const columns = mapping === undefined ? undefined : columnsOf(dataset, mapping);
      const file = await receiveFile(request, reply, { db: databases.write, storage, area: 'imports', contentType, maxBytes: maxUploadBytes });
      if (file === undefined) return await reply;
      const importId = request.idempotency?.idFor('imp') ?? newImportId();
      await createImport(databases.write, { tenantId, importId, dataset: name, mapping: columns, dryRun, stopOnFailure, requestedBy, file: { key: file.key, bytes: file.bytes, name: fileName, ...reading } });
      await temporal.promptly(async () => await holdfast.imports.begin(importId, { dataset: name, fileName, requestedBy }));
      return await reply.code(202).header('location', `/v1/imports/${importId}`).send(await shownImport(dependencies, tenantId, importId));
    },
  );

  app.post(
    '/imports/:id/files',
    {
      config: { upload: true },
      schema: {
        tags,
        summary: 'Add a file to an import that has not ended',
        description: `The body is the file: ${whatIsRead}. It goes into the same dataset with the same mapping; where files tell of the same record, the later one wins.`,
        params,
        querystring: importFileQuery,
        response: answers('POST', { 202: importView }, ['import_not_found', 'import_closed', ...uploading]),
      },
    },
    async (request, reply) => {
      const { tenantId, holdfast } = callerOf(request);
      const { id } = request.params;
      const reading = readingOf(request.query);
      const before = async (): Promise<void> => {
        const found = await shownImport(dependencies, tenantId, id);
        if (hasEnded(found)) throw Refused.of(importClosed(found.status));
      };
      const file = await receiveFile(request, reply, { db: databases.write, storage, area: 'imports', contentType, maxBytes: maxUploadBytes, before });
      if (file === undefined) return await reply;
      // It may have ended while the file was on its way. The file is then left to the clean-up.
      const refusal = await addFile(databases.write, { tenantId, importId: id }, { key: file.key, bytes: file.bytes, name: request.query.fileName, requestId: request.idempotency?.idFor('file'), ...reading });
      if (refusal !== undefined) throw Refused.of(refusal);
      await temporal.promptly(async () => await holdfast.imports.filesAdded(id));
      return await reply.code(202).send(await shownImport(dependencies, tenantId, id));
    },
  );
  done();
};

const wrong = (path: string, message: string): Refused => new Refused('invalid_request', undefined, { errors: [{ path, message }] });

/** @throws {Refused} for a delimiter or an encoding that is not read here. */
function readingOf({ delimiter, encoding }: Pick<CreateImport, 'delimiter' | 'encoding'>): { delimiter: string | undefined; encoding: string | undefined } {
  const typed = delimiter === 'tab' || delimiter === '\\t' ? '\t' : delimiter;
  const known = delimiters.find((one) => one === typed);
  if (typed !== undefined && typed !== '' && known === undefined) throw wrong('delimiter', 'must be one of , ; | and tab');
  const named = encodings.find((one) => one === encoding?.toLowerCase());
  if (encoding !== undefined && encoding !== '' && named === undefined) throw wrong('encoding', `must be one of ${encodings.join(', ')}`);
  return { delimiter: known, encoding: named };
}

/**
 * From header → column, as callers write it, to column → header. A header without a column is left out, though its name is known.
 * @throws {Refused} for a column that the dataset has not, or that is named twice.
 */
function columnsOf(dataset: ImportDataset, mapping: Readonly<Record<string, string | null>>): ColumnMapping {
  const columns = new Map<string, string>();
  for (const [header, column] of Object.entries(mapping)) {
    if (column === null || column === '') continue;
    if (!dataset.columns.some(({ name }) => name === column)) throw wrong('mapping', `${column} is no column of ${dataset.name}; it has ${dataset.columns.map(({ name }) => name).join(', ')}`);
    if (columns.has(column)) throw wrong('mapping', `names ${column} twice`);
    columns.set(column, header);
  }
  for (const [header, column] of Object.entries(mapping)) {
    if (column !== null && column !== '') continue;
    const meant = columnOf(dataset, header);
    if (meant !== undefined && !columns.has(meant)) columns.set(meant, '');
  }
  return Object.fromEntries(columns);
}

/** The column that a header means by its name alone. */
function columnOf(dataset: ImportDataset, header: string): string | undefined {
  const found = mapColumns([header], { ...dataset, columns: dataset.columns.map((column) => ({ ...column, required: false })) });
  return isRefusal(found) ? undefined : Object.keys(found.columns)[0];
}
