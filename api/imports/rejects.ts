/** `/v1/imports/{id}/rejects`: the rejected rows, as a file that can be corrected and imported as it is. */
import { Readable } from 'node:stream';
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod';
import { rejectsFile } from '../../services/database/imports/rejects.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { attachment } from '../files.ts';
import { callerOf } from '../http/caller.ts';
import { answers, csvAnswer } from '../http/openapi.ts';
import { Refused } from '../http/problems.ts';
import { params, shownImport, tags } from './shown.ts';

export const rejectsRoute = (dependencies: ApiDependencies): FastifyPluginCallbackZod => (app, _options, done) => {
  app.get(
    '/imports/:id/rejects',
    {
      schema: {
        tags,
        summary: 'The rejected rows, as csv',
        description: 'The columns of the file as they were, before them `_line` and `_reason`, which an import leaves out: correct the rows, and import just them. A field that a spreadsheet would take for a formula begins with an apostrophe, which the import of this file takes away again. 404 `file_not_found` when no row was rejected so far.',
        params,
        response: { ...answers('GET', {}, ['import_not_found', 'file_not_found']), 200: csvAnswer },
      },
    },
    async (request, reply) => {
      const { tenantId } = callerOf(request);
      const { id, files } = await shownImport(dependencies, tenantId, request.params.id);
      const lines = await rejectsFile(dependencies.databases.write, { tenantId, importId: id });
      if (lines === undefined) throw new Refused('file_not_found', 'No row was rejected so far.');
      const name = `${stem(files[0]?.name ?? id)}-rejects.csv`;
      return await reply.type('text/csv; charset=utf-8').header('content-disposition', attachment(name)).header('cache-control', 'private, no-store').send(Readable.from(lines));
    },
  );
  done();
};

const stem = (fileName: string): string => fileName.replaceAll(/[/\\]/g, '_').replace(/\.[^.]{1,10}$/, '');
