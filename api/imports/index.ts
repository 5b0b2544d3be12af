/** `/v1/imports`: files into datasets. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { ImportsClient, ImportView } from '../../client/index.ts';
import { emptyBody } from '../../contracts/bookings/schemas.ts';
import type { FailureCode } from '../../contracts/failures.ts';
import { hasEnded } from '../../contracts/imports/flow.ts';
import { importView, listImportsQuery } from '../../contracts/imports/schemas.ts';
import { importClosed } from '../../services/database/imports/create.ts';
import { listImports } from '../../services/database/imports/queries.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { callerOf } from '../http/caller.ts';
import { answers } from '../http/openapi.ts';
import { Refused } from '../http/problems.ts';
import { rejectsRoute } from './rejects.ts';
import { params, shownImport, tags, withLinks } from './shown.ts';
import { importUploads } from './uploads.ts';

/** How long an action is watched before the answer says what is there. */
const actionPatienceMs = 2_000;
const lookPauseMs = 50;

interface Action {
  readonly summary: string;
  readonly description: string;
  readonly isDone: (view: ImportView) => boolean;
  /** Of an import that has ended. */
  readonly isLate: (view: ImportView) => boolean;
}

const actions: Record<'pause' | 'resume' | 'cancel', Action> = {
  pause: {
    summary: 'Pause an import',
    description: 'No more chunks are begun; the import is `paused` when those that are being loaded are done, which takes a second or two.',
    isDone: (view) => view.status === 'paused' || hasEnded(view),
    isLate: hasEnded,
  },
  resume: {
    summary: 'Go on with a paused import',
    description: 'What could not be loaded of an import that has ended is tried again by `POST /v1/flows/import:{id}/retry`.',
    isDone: (view) => view.status !== 'paused',
    isLate: hasEnded,
  },
  cancel: {
    summary: 'Stop an import; what is loaded stays',
    description: 'Chunks that are being loaded are given up; those that are done stay, and `report` says how much that is. Cancelling what was cancelled answers it as it is.',
    isDone: hasEnded,
    isLate: ({ status }) => status === 'completed' || status === 'failed',
  },
};

const refusals: readonly FailureCode[] = ['import_not_found', 'import_closed', 'temporal_unavailable'];

export const importRoutes = (dependencies: ApiDependencies): FastifyPluginCallbackZod => (app, _options, done) => {
  const { databases, temporal } = dependencies;
  app.register(importUploads(dependencies));
  app.register(rejectsRoute(dependencies));

  app.get(
    '/imports',
    {
      schema: {
        tags,
        summary: 'List imports, newest first',
        querystring: listImportsQuery,
        response: answers('GET', { 200: z.object({ items: z.array(importView), nextCursor: z.string().optional() }) }, ['invalid_cursor']),
      },
    },
    async (request, reply) => {
      const { items, nextCursor } = await listImports(databases.read, callerOf(request).tenantId, request.query);
      return await reply.send({ items: items.map((view) => withLinks(dependencies, view)), ...(nextCursor !== undefined && { nextCursor }) });
    },
  );

  app.get(
    '/imports/:id',
    { schema: { tags, summary: 'One import: how far it is, what it found, and what came of it', params, response: answers('GET', { 200: importView }, ['import_not_found']) } },
    async (request, reply) => await reply.send(await shownImport(dependencies, callerOf(request).tenantId, request.params.id)),
  );

  for (const action of ['pause', 'resume', 'cancel'] as const) {
    const { summary, description, isDone, isLate } = actions[action];
    app.post(
      `/imports/:id/${action}`,
      { schema: { tags, summary, description, params, body: emptyBody, response: answers('POST', { 202: importView }, refusals) } },
      async (request, reply) => {
        const { tenantId, holdfast } = callerOf(request);
        const { id } = request.params;
        const before = await shownImport(dependencies, tenantId, id);
        if (isLate(before)) throw Refused.of(importClosed(before.status));
        // Temporal was away when its file came, so it has no flow yet; whoever acts on it need not wait for the sweep.
        if (before.status === 'pending') await temporal.promptly(async () => await holdfast.imports.begin(id, { dataset: before.dataset, fileName: before.files[0]?.name, requestedBy: before.requestedBy }));
        if (!hasEnded(before)) await temporal.promptly(async () => await send(holdfast.imports, action, id));
        return await reply.code(202).send(await settled(tenantId, id, isDone));
      },
    );
  }
  done();

  /** Looks until the import stands as hoped, or the patience is over. */
  async function settled(tenantId: string, id: string, isSo: (view: ImportView) => boolean): Promise<ImportView> {
    const endsAt = Date.now() + actionPatienceMs;
    for (;;) {
      const view = await shownImport(dependencies, tenantId, id);
      if (isSo(view) || Date.now() >= endsAt) return view;
      await sleep(lookPauseMs);
    }
  }
};

const send = async (imports: ImportsClient, action: keyof typeof actions, id: string): Promise<void> => await imports[action](id);
