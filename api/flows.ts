/** `/v1/flows`: every business process in one shape. */
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { emptyBody } from '../contracts/bookings/schemas.ts';
import { flowActions, flowView, listFlowsQuery } from '../contracts/flows.ts';
import { text } from '../contracts/values.ts';
import type { ApiDependencies } from './dependencies.ts';
import { callerOf } from './http/caller.ts';
import { answers } from './http/openapi.ts';

const tags = ['Flows'];
// A flow's name, a colon, and an id of at most 64 characters.
const params = z.object({ id: text(100).describe('`<flow>:<business id>`') });

const summaries = {
  retry: 'Try a failed flow again',
  cancel: 'Stop a flow; what it did is undone',
  pause: 'Pause a flow that can wait',
  resume: 'End a wait or a pause now',
} as const;

export const flowRoutes = ({ temporal }: ApiDependencies): FastifyPluginCallbackZod => (app, _options, done) => {
  app.get(
    '/flows',
    {
      schema: {
        tags,
        summary: 'List flows, newest first',
        querystring: listFlowsQuery,
        response: answers('GET', { 200: z.object({ items: z.array(flowView), nextCursor: z.string().optional() }) }, ['invalid_cursor', 'temporal_unavailable']),
      },
    },
    async (request, reply) => {
      const { type, status, limit, cursor } = request.query;
      const filter = { limit, ...(type !== undefined && { type }), ...(status !== undefined && { status }), ...(cursor !== undefined && { cursor }) };
      const { items, nextCursor } = await temporal.promptly(async () => await callerOf(request).holdfast.flows.list(filter));
      return await reply.send({ items: [...items], ...(nextCursor !== undefined && { nextCursor }) });
    },
  );

  app.get(
    '/flows/:id',
    { schema: { tags, summary: 'One flow and how far it has come', params, response: answers('GET', { 200: flowView }, ['flow_not_found', 'temporal_unavailable']) } },
    async (request, reply) => await reply.send(await temporal.promptly(async () => await callerOf(request).holdfast.flows.get(request.params.id))),
  );

  for (const action of flowActions) {
    app.post(
      `/flows/:id/${action}`,
      {
        schema: {
          tags,
          summary: summaries[action],
          params,
          body: emptyBody,
          response: answers('POST', { 202: flowView }, ['flow_not_found', 'not_pausable', 'not_cancellable', 'nothing_to_resume', 'booking_closed', 'booking_not_failed', 'import_closed', 'temporal_unavailable']),
        },
      },
      async (request, reply) => {
        const { flows } = callerOf(request).holdfast;
        const { id } = request.params;
        await temporal.promptly(async () => await flows.act(id, action));
        return await reply.code(202).send(await temporal.promptly(async () => await flows.get(id)));
      },
    );
  }
  done();
};
