/** `/v1/purchases`: a held vehicle, or a basket, bought and paid. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { emptyBody } from '../contracts/bookings/schemas.ts';
import { failures, isFailureCode } from '../contracts/failures.ts';
import { purchasePatienceMs } from '../contracts/purchases/flow.ts';
import { createPurchaseBody, listPurchasesQuery, purchaseView, type PurchaseView } from '../contracts/purchases/schemas.ts';
import { foreignId } from '../contracts/values.ts';
import { findPurchase, listPurchases } from '../services/database/purchases/queries.ts';
import { unknownPurchase } from '../services/database/purchases/rows.ts';
import type { ApiDependencies } from './dependencies.ts';
import { withLink } from './downloads.ts';
import { callerOf } from './http/caller.ts';
import { answers } from './http/openapi.ts';
import { Refused } from './http/problems.ts';

const tags = ['Purchases'];
const params = z.object({ id: foreignId.describe('pur_…') });

/** Often enough that nobody notices, seldom enough to cost nothing. */
const pauseMs = 60;
/** How long a cancellation is watched before the answer says what is there. */
const undoPatienceMs = 1_000;

export const purchaseRoutes = (dependencies: ApiDependencies): FastifyPluginCallbackZod => (app, _options, done) => {
  const { databases, temporal } = dependencies;

  app.post(
    '/purchases',
    {
      schema: {
        tags,
        summary: 'Buy a held vehicle, or the basket',
        description:
          'With `bookingId` the vehicle that it holds, else everything in the basket of the customer, at the prices of this moment. The answer comes when the payment is decided, or when the payer has to act (`payment.redirectUrl`), or after five seconds; the flow goes on by itself, watch `Location`. A decline is no error: the purchase is `failed`, and its `reason` says why.',
        body: createPurchaseBody,
        response: answers('POST', { 202: purchaseView }, [
          'booking_not_found', 'not_the_holder', 'booking_not_held', 'hold_expired', 'basket_empty', 'mixed_currencies', 'out_of_stock', 'amount_mismatch', 'nothing_to_pay', 'payment_in_progress',
          'already_paid', 'gateway_not_configured', 'currency_not_supported', 'purchase_id_reused', 'database_conflict', 'temporal_unavailable',
        ]),
      },
    },
    async (request, reply) => {
      const { tenantId, holdfast } = callerOf(request);
      // The same for each repeat of the same request.
      const id = request.idempotency?.idFor('pur');
      const begun = await temporal.promptly(async () => await holdfast.purchases.buy({ ...request.body, ...(id !== undefined && { id }) }));
      const purchase = await watched(tenantId, begun, purchasePatienceMs, isAnswer);
      refuseWhatWasSent(purchase);
      return await reply.code(202).header('location', `/v1/purchases/${purchase.id}`).send(linked(purchase));
    },
  );

  app.get(
    '/purchases',
    {
      schema: {
        tags,
        summary: 'List purchases, newest first',
        querystring: listPurchasesQuery,
        response: answers('GET', { 200: z.object({ items: z.array(purchaseView), nextCursor: z.string().optional() }) }, ['invalid_cursor']),
      },
    },
    async (request, reply) => {
      const { items, nextCursor } = await listPurchases(databases.read, callerOf(request).tenantId, request.query);
      return await reply.send({ items: items.map(linked), ...(nextCursor !== undefined && { nextCursor }) });
    },
  );

  app.get(
    '/purchases/:id',
    { schema: { tags, summary: 'One purchase, its payment, and links to what can be downloaded', params, response: answers('GET', { 200: purchaseView }, ['purchase_not_found']) } },
    async (request, reply) => await reply.send(linked(await locate(callerOf(request).tenantId, request.params.id))),
  );

  app.post(
    '/purchases/:id/cancel',
    {
      schema: {
        tags,
        summary: 'Stop a purchase',
        description: 'Honoured until the goods are handed over. What was taken is given back. The answer says how it stands within a second; it goes on by itself until it is `cancelled`, or `completed` if it was too late. Cancelling what is cancelled answers it as it is.',
        params,
        body: emptyBody,
        response: answers('POST', { 202: purchaseView }, ['purchase_not_found', 'not_cancellable', 'temporal_unavailable']),
      },
    },
    async (request, reply) => {
      const { tenantId, holdfast } = callerOf(request);
      const before = await locate(tenantId, request.params.id);
      if (before.status === 'completed') throw new Refused('not_cancellable', 'The purchase is completed. Refund its payment instead.');
      // The flow of one that is being undone may have been lost: then another picks it up.
      if (isDecided(before)) return await reply.code(202).send(linked(before));
      await temporal.promptly(async () => await holdfast.purchases.cancel(before.id));
      return await reply.code(202).send(linked(await watched(tenantId, before, undoPatienceMs, isDecided)));
    },
  );
  done();

  const linked = (purchase: PurchaseView): PurchaseView => ({ ...purchase, ...(purchase.downloads !== undefined && { downloads: purchase.downloads.map((download) => withLink(download, dependencies)) }) });

  async function locate(tenantId: string, id: string): Promise<PurchaseView> {
    const purchase = await findPurchase(databases.write, tenantId, id);
    if (purchase === undefined) throw Refused.of(unknownPurchase(id));
    return purchase;
  }

  async function watched(tenantId: string, before: PurchaseView, patienceMs: number, isEnough: (purchase: PurchaseView) => boolean): Promise<PurchaseView> {
    const endsAt = Date.now() + patienceMs;
    for (;;) {
      const purchase = (await findPurchase(databases.write, tenantId, before.id)) ?? before;
      if (isEnough(purchase) || Date.now() >= endsAt) return purchase;
      await sleep(pauseMs);
    }
  }
};

const isDecided = ({ status }: PurchaseView): boolean => status !== 'pending' && status !== 'undoing';
const isAnswer = (purchase: PurchaseView): boolean => isDecided(purchase) || purchase.payment?.redirectUrl !== undefined;

/** What only the gateway's side could find wrong with the request is refused like what is found wrong at once. */
function refuseWhatWasSent({ status, reason }: PurchaseView): void {
  if (status === 'failed' && isFailureCode(reason) && failures[reason].status === 422) throw new Refused(reason);
}
