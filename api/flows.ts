/** `/v1/flows`: every business process in one shape. */
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { emptyBody } from '../contracts/bookings/schemas.ts';
import { bookingWorkflowId, flowActions, flowView, importWorkflowId, listFlowsQuery } from '../contracts/flows.ts';
import { hasEnded } from '../contracts/imports/flow.ts';
import { nothingLeft } from '../contracts/imports/schemas.ts';
import { text } from '../contracts/values.ts';
import { findBooking } from '../services/database/bookings/queries.ts';
import { refuseWhileSold } from '../services/database/bookings/sold.ts';
import { findImport } from '../services/database/imports/queries.ts';
import type { ApiDependencies } from './dependencies.ts';
import { callerOf } from './http/caller.ts';
import { answers } from './http/openapi.ts';
import { Refused } from './http/problems.ts';

const tags = ['Flows'];
// A flow's name, a colon, and an id of at most 64 characters.
const params = z.object({ id: text(100).describe('`<flow>:<business id>`') });

const summaries = {
  retry: 'Try a failed flow again',
  cancel: 'Stop a flow; what it did is undone',
  pause: 'Pause a flow that can wait',
  resume: 'End a wait or a pause now',
} as const;

export const flowRoutes = ({ databases, temporal }: ApiDependencies): FastifyPluginCallbackZod => (app, _options, done) => {
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
        const { tenantId, holdfast: { flows } } = callerOf(request);
        const { id } = request.params;
        if (action === 'cancel') await refuseSoldVehicle(tenantId, id);
        if (action === 'retry') await refuseLoadedImport(tenantId, id);
        await temporal.promptly(async () => await flows.act(id, action));
        return await reply.code(202).send(await temporal.promptly(async () => await flows.get(id)));
      },
    );
  }
  done();

  /** The flow of a booking takes no answer back for a signal; what it would refuse is refused here. */
  async function refuseSoldVehicle(tenantId: string, id: string): Promise<void> {
    const prefix = bookingWorkflowId('');
    const booking = id.startsWith(prefix) ? await findBooking(databases.write, tenantId, id.slice(prefix.length)) : undefined;
    const refusal = booking === undefined ? undefined : await refuseWhileSold(databases.write, tenantId, booking);
    if (refusal !== undefined) throw Refused.of(refusal);
  }

  /** A run that finds nothing to do would stand in front of the one that tells how the import went. */
  async function refuseLoadedImport(tenantId: string, id: string): Promise<void> {
    const prefix = importWorkflowId('');
    const found = id.startsWith(prefix) ? await findImport(databases.write, tenantId, id.slice(prefix.length)) : undefined;
    const refusal = found === undefined || !hasEnded(found) ? undefined : nothingLeft(found);
    if (refusal !== undefined) throw Refused.of(refusal);
  }
};
