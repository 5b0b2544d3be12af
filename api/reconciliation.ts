/** `/v1/reconciliation`: differences between what we have written down and what gateways say. */
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { newRunId } from '../client/index.ts';
import { emptyBody } from '../contracts/bookings/schemas.ts';
import { isRefusal } from '../contracts/failures.ts';
import { caseView, listCasesQuery, resolveCaseBody, runView } from '../contracts/reconciliation.ts';
import { foreignId } from '../contracts/values.ts';
import { findCase, listCases, resolveCase, unknownCase } from '../services/database/reconciliation/cases.ts';
import { beginRun, findRun } from '../services/database/reconciliation/runs.ts';
import type { ApiDependencies } from './dependencies.ts';
import { callerOf } from './http/caller.ts';
import { answers } from './http/openapi.ts';
import { Refused } from './http/problems.ts';

const tags = ['Reconciliation'];
const params = z.object({ id: foreignId });

export const reconciliationRoutes = ({ databases, temporal }: ApiDependencies): FastifyPluginCallbackZod => (app, _options, done) => {
  app.post(
    '/reconciliation/runs',
    {
      schema: {
        tags,
        summary: 'Compare with every gateway now',
        description: 'It is done by itself every quarter of an hour, too.',
        body: emptyBody,
        response: answers('POST', { 202: runView }, ['temporal_unavailable']),
      },
    },
    async (request, reply) => {
      const { tenantId, holdfast } = callerOf(request);
      const id = await temporal.promptly(async () => await holdfast.reconciliation.start(request.idempotency?.idFor('run') ?? newRunId()));
      // The flow writes it too, but the caller may look before it does.
      await beginRun(databases.write, id, tenantId);
      return await reply.code(202).header('location', `/v1/reconciliation/runs/${id}`).send(await runOf(tenantId, id));
    },
  );

  app.get('/reconciliation/runs/:id', { schema: { tags, summary: 'One run and what came of it', params, response: answers('GET', { 200: runView }, ['flow_not_found']) } }, async (request, reply) => await reply.send(await runOf(callerOf(request).tenantId, request.params.id)));

  app.get(
    '/reconciliation/cases',
    {
      schema: {
        tags,
        summary: 'List cases, newest first',
        querystring: listCasesQuery,
        response: answers('GET', { 200: z.object({ items: z.array(caseView), nextCursor: z.string().optional() }) }, ['invalid_cursor']),
      },
    },
    async (request, reply) => {
      const { items, nextCursor } = await listCases(databases.read, callerOf(request).tenantId, request.query);
      return await reply.send({ items: [...items], ...(nextCursor !== undefined && { nextCursor }) });
    },
  );

  app.get('/reconciliation/cases/:id', { schema: { tags, summary: 'One case and its evidence', params, response: answers('GET', { 200: caseView }, ['case_not_found']) } }, async (request, reply) => {
    const { id } = request.params;
    const found = await findCase(databases.write, callerOf(request).tenantId, id);
    if (found === undefined) throw Refused.of(unknownCase(id));
    return await reply.send(found);
  });

  app.post(
    '/reconciliation/cases/:id/resolve',
    {
      schema: {
        tags,
        summary: 'Close a case that was looked into',
        description: 'It is opened again only when the difference changes.',
        params,
        body: resolveCaseBody,
        response: answers('POST', { 200: caseView }, ['case_not_found', 'case_closed']),
      },
    },
    async (request, reply) => {
      const outcome = await resolveCase(databases.write, callerOf(request).tenantId, request.params.id, request.body.note);
      if (isRefusal(outcome)) throw Refused.of(outcome);
      return await reply.send(outcome);
    },
  );
  done();

  async function runOf(tenantId: string, id: string): Promise<z.infer<typeof runView>> {
    const run = await findRun(databases.write, tenantId, id);
    if (run === undefined) throw new Refused('flow_not_found', `There is no run ${id}.`);
    return run;
  }
};
