/** `/v1/orders` */
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { HoldfastError, newOrderId, type OrderView } from '../client/index.ts';
import { emptyBody } from '../contracts/bookings/schemas.ts';
import { isRefusal, unknownOrder } from '../contracts/failures.ts';
import { orderWorkflowId } from '../contracts/flows.ts';
import { hasEnded, orderPatienceMs, type OrderRequest } from '../contracts/orders/flow.ts';
import { createOrderBody, listOrdersQuery, orderView } from '../contracts/orders/schemas.ts';
import { foreignId } from '../contracts/values.ts';
import { createOrder } from '../services/database/orders/create.ts';
import { findOrder, listOrders } from '../services/database/orders/queries.ts';
import { saveCustomer } from '../services/database/tenants.ts';
import { createRateTableCarrier } from '../services/shipping/rate-table.ts';
import type { ApiDependencies } from './dependencies.ts';
import { withLink } from './downloads.ts';
import { callerOf, type Caller } from './http/caller.ts';
import { answers } from './http/openapi.ts';
import { Refused } from './http/problems.ts';

const tags = ['Orders'];
const params = z.object({ id: foreignId.describe('ord_…') });

/** How long an undo is watched before the answer says what is there. */
const undoPatienceMs = 1_000;
const lookPauseMs = 50;

export const orderRoutes = (dependencies: ApiDependencies): FastifyPluginCallbackZod => (app, _options, done) => {
  const { databases, temporal } = dependencies;
  const carrier = createRateTableCarrier();

  app.post(
    '/orders',
    {
      schema: {
        tags,
        summary: 'Order products',
        description:
          'Answers when the payment is decided, when the payer has to go to `payment.redirectUrl`, or after five seconds; whatever it is by then, the order goes on by itself. An order that cannot be carried out is undone: `status` is `failed`, and `reason` says why.',
        body: createOrderBody,
        response: answers('POST', { 202: orderView }, ['product_not_found', 'out_of_stock', 'mixed_currencies', 'shipping_unavailable', 'amount_mismatch', 'nothing_to_pay', 'order_not_found', 'order_id_reused', 'temporal_unavailable']),
      },
    },
    async (request, reply) => {
      const { tenantId, holdfast } = callerOf(request);
      const { customerId, items, gateway, method = '', amount, currency, shipTo, customer } = request.body;
      const orderId = request.idempotency?.idFor('ord') ?? newOrderId();
      const wanted: OrderRequest = { customerId, items, gateway, method, ...(amount !== undefined && { amountMinor: amount }), ...(currency !== undefined && { currency }) };
      // The address is kept here, so that it never enters a workflow's history.
      const order = await createOrder(databases.write, carrier, { tenantId, orderId, request: wanted, shipTo });
      if (isRefusal(order)) throw Refused.of(order);
      if (customer !== undefined) await saveCustomer(databases.write, tenantId, customerId, customer);
      if (!hasEnded(order)) await temporal.promptly(async () => await holdfast.orders.begin(orderId, customerId));
      return await reply.code(202).header('location', `/v1/orders/${orderId}`).send(linked(await settled(tenantId, orderId, orderPatienceMs, isDecided)));
    },
  );

  app.get(
    '/orders',
    {
      schema: {
        tags,
        summary: 'List orders, newest first',
        querystring: listOrdersQuery,
        response: answers('GET', { 200: z.object({ items: z.array(orderView), nextCursor: z.string().optional() }) }, ['invalid_cursor']),
      },
    },
    async (request, reply) => {
      const { items, nextCursor } = await listOrders(databases.read, callerOf(request).tenantId, request.query);
      return await reply.send({ items: items.map(linked), ...(nextCursor !== undefined && { nextCursor }) });
    },
  );

  app.get('/orders/:id', { schema: { tags, summary: 'One order, its payment, and links to what can be downloaded', params, response: answers('GET', { 200: orderView }, ['order_not_found']) } }, async (request, reply) => await reply.send(linked(await made(callerOf(request).tenantId, request.params.id))));

  app.post(
    '/orders/:id/cancel',
    {
      schema: {
        tags,
        summary: 'Stop an order and undo it, until the warehouse has it',
        description: 'The answer says how the order stands within a second; if it is not `cancelled` by then, it will be, unless the warehouse gets it in the same moment. Cancelling what has been undone answers it as it is.',
        params,
        body: emptyBody,
        response: answers('POST', { 202: orderView }, ['order_not_found', 'not_cancellable', 'temporal_unavailable']),
      },
    },
    async (request, reply) => {
      const { tenantId, holdfast } = callerOf(request);
      const order = await made(tenantId, request.params.id);
      if (order.status === 'completed') throw new Refused('not_cancellable', 'The warehouse has it.');
      if (hasEnded(order)) return await reply.code(202).send(linked(order));
      await temporal.promptly(async () => await holdfast.orders.cancel(order.id));
      return await reply.code(202).send(linked(await settled(tenantId, order.id, undoPatienceMs, hasEnded)));
    },
  );

  app.post(
    '/orders/:id/resume',
    {
      schema: {
        tags,
        summary: 'Try again to undo what could not be undone',
        params,
        body: emptyBody,
        response: answers('POST', { 202: orderView }, ['order_not_found', 'nothing_to_resume', 'temporal_unavailable']),
      },
    },
    async (request, reply) => {
      const caller = callerOf(request);
      const order = await made(caller.tenantId, request.params.id);
      if (order.status !== 'undoing' || !(await temporal.promptly(async () => await mayResume(caller, order.id)))) throw new Refused('nothing_to_resume', `The order is ${order.status}, and nothing of it is parked.`);
      await temporal.promptly(async () => await caller.holdfast.orders.resume(order.id));
      return await reply.code(202).send(linked(await settled(caller.tenantId, order.id, undoPatienceMs, hasEnded)));
    },
  );
  done();

  const linked = (order: OrderView): OrderView => ({ ...order, ...(order.downloads !== undefined && { downloads: order.downloads.map((download) => withLink(download, dependencies)) }) });

  async function made(tenantId: string, id: string): Promise<OrderView> {
    const order = await findOrder(databases.write, tenantId, id);
    if (order === undefined) throw Refused.of(unknownOrder(id));
    return order;
  }

  /** Looks until the order stands as hoped, or the patience is over. */
  async function settled(tenantId: string, id: string, patienceMs: number, isSo: (order: OrderView) => boolean): Promise<OrderView> {
    const endsAt = Date.now() + patienceMs;
    for (;;) {
      const order = await made(tenantId, id);
      if (isSo(order) || Date.now() >= endsAt) return order;
      await sleep(lookPauseMs);
    }
  }
};

/** Parked, or without a flow that could go on with it. */
async function mayResume({ holdfast }: Caller, id: string): Promise<boolean> {
  try {
    const flow = await holdfast.flows.look(orderWorkflowId(id));
    return flow.status !== 'running' || flow.businessStatus === 'parked';
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'flow_not_found') return true;
    throw error;
  }
}

/** While a payment is on its way, or being undone, another look may say more. */
const isDecided = (order: OrderView): boolean => hasEnded(order) || order.payment?.redirectUrl !== undefined;
