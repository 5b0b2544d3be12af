/** `/v1/exports` */
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { HoldfastError, newExportId } from '../client/index.ts';
import { emptyBody } from '../contracts/bookings/schemas.ts';
import { hasEnded, maxExportSeconds } from '../contracts/exports/flow.ts';
import { createExportBody, exportRequest, exportView, listExportsQuery, type ExportView } from '../contracts/exports/schemas.ts';
import { isRefusal } from '../contracts/failures.ts';
import { foreignId } from '../contracts/values.ts';
import { endExport } from '../services/database/exports/endings.ts';
import { findExport, listExports } from '../services/database/exports/queries.ts';
import { unknownExport, type KeptExport } from '../services/database/exports/rows.ts';
import { signLink } from '../services/storage/links.ts';
import type { ApiDependencies } from './dependencies.ts';
import { callerOf } from './http/caller.ts';
import { answers } from './http/openapi.ts';
import { Refused } from './http/problems.ts';

const tags = ['Exports'];
const params = z.object({ id: foreignId.describe('exp_…') });

/** How long a cancel is watched before the answer says what is there. */
const cancelPatienceMs = 1_500;
const lookPauseMs = 50;

export const exportRoutes = ({ databases, temporal, signingKeys, publicUrl }: ApiDependencies): FastifyPluginCallbackZod => (app, _options, done) => {
  app.post(
    '/exports',
    {
      schema: {
        tags,
        summary: 'Have rows written to a file',
        description: 'The rows of one moment, as csv, ndjson, xlsx or pdf. It is written by itself after the answer; `GET` tells how far it is, and has the link to the file when it is ready. Times are in UTC, amounts in units of their currency.',
        body: createExportBody,
        response: answers('POST', { 202: exportView }, ['unknown_dataset', 'unknown_format', 'export_not_found', 'temporal_unavailable']),
      },
    },
    async (request, reply) => {
      const { tenantId, holdfast } = callerOf(request);
      const wanted = exportRequest(request.body);
      if (isRefusal(wanted)) throw Refused.of(wanted);
      const id = request.idempotency?.idFor('exp') ?? newExportId();
      await temporal.promptly(async () => await holdfast.exports.begin(id, wanted));
      return await reply.code(202).header('location', `/v1/exports/${id}`).send(linked(await asked(tenantId, id)));
    },
  );

  app.get(
    '/exports',
    {
      schema: {
        tags,
        summary: 'List exports, newest first',
        querystring: listExportsQuery,
        response: answers('GET', { 200: z.object({ items: z.array(exportView), nextCursor: z.string().optional() }) }, ['invalid_cursor']),
      },
    },
    async (request, reply) => {
      const { items, nextCursor } = await listExports(databases.read, callerOf(request).tenantId, request.query);
      return await reply.send({ items: items.map(linked), ...(nextCursor !== undefined && { nextCursor }) });
    },
  );

  app.get('/exports/:id', { schema: { tags, summary: 'One export, and a link to its file', params, response: answers('GET', { 200: exportView }, ['export_not_found']) } }, async (request, reply) => await reply.send(linked(await asked(callerOf(request).tenantId, request.params.id))));

  app.post(
    '/exports/:id/cancel',
    {
      schema: {
        tags,
        summary: 'Stop an export; nothing of it is kept',
        description: 'Cancelling what was cancelled answers it as it is.',
        params,
        body: emptyBody,
        response: answers('POST', { 202: exportView }, ['export_not_found', 'not_cancellable', 'temporal_unavailable']),
      },
    },
    async (request, reply) => {
      const { tenantId, holdfast } = callerOf(request);
      let found = await asked(tenantId, request.params.id);
      if (found.state.status !== 'cancelled' && hasEnded(found.state)) throw new Refused('not_cancellable', `The export is ${found.state.status}.`);
      if (found.state.status !== 'cancelled') {
        await temporal.promptly(async () => await cancel());
        for (const endsAt = Date.now() + cancelPatienceMs; !hasEnded(found.state) && Date.now() < endsAt; await sleep(lookPauseMs)) found = await asked(tenantId, found.state.id);
      }
      return await reply.code(202).send(linked(found));

      async function cancel(): Promise<void> {
        try {
          await holdfast.exports.cancel(found.state.id);
        } catch (error) {
          // Its run was ended by force, so nobody goes on with it.
          if (!(error instanceof HoldfastError) || error.code !== 'flow_not_found') throw error;
          await endExport(databases.write, { tenantId, exportId: found.state.id }, { status: 'cancelled' });
        }
      }
    },
  );
  done();

  async function asked(tenantId: string, id: string): Promise<KeptExport> {
    const found = await findExport(databases.write, tenantId, id);
    if (found === undefined) throw Refused.of(unknownExport(id));
    return found;
  }

  /** Whoever has the link has the file, for as long as there is one. */
  function linked({ state, storageKey }: KeptExport): ExportView {
    if (storageKey === undefined || state.expiresAt === undefined || state.status !== 'ready') return state;
    const now = new Date();
    // The database's clock may be ahead of this one, and no link is good for more than a week.
    const expiresAt = new Date(Math.min(Date.parse(state.expiresAt), now.getTime() + maxExportSeconds * 1_000));
    if (expiresAt.getTime() - now.getTime() < 1_000) return state;
    return { ...state, downloadUrl: `${publicUrl}${signLink({ method: 'GET', key: storageKey, expiresAt, fileName: state.fileName }, signingKeys, now)}` };
  }
};
