/** `/v1/payments`, and the payment of a booking. */
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { PaymentView, UnmadePayment } from '../../client/index.ts';
import { emptyBody } from '../../contracts/bookings/schemas.ts';
import { isRefusal, unknownPayment } from '../../contracts/failures.ts';
import { paymentWorkflowId } from '../../contracts/flows.ts';
import { accountBalance, ledgerEntryView, listBalancesQuery, listLedgerQuery, listPaymentsQuery, listRefundsQuery, payBookingBody, paymentView, refundBody, refundView, unmadePayment } from '../../contracts/payments/schemas.ts';
import { foreignId } from '../../contracts/values.ts';
import { listBalances, listLedger } from '../../services/database/ledger.ts';
import { refuseTerms } from '../../services/database/payments/begin.ts';
import { findPayment, listPayments, listRefunds } from '../../services/database/payments/queries.ts';
import { selectRefund } from '../../services/database/payments/refunds.ts';
import { toRefundView } from '../../services/database/payments/rows.ts';
import { termsOf } from '../../services/database/payments/subjects.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { callerOf, type Caller } from '../http/caller.ts';
import { answers } from '../http/openapi.ts';
import { Refused } from '../http/problems.ts';
import { rowOrFlow } from '../row-or-flow.ts';

const tags = ['Payments'];
const params = z.object({ id: foreignId.describe('pay_…') });
const bookingParams = z.object({ id: foreignId.describe('bkg_…') });

export const paymentRoutes = (dependencies: ApiDependencies): FastifyPluginCallbackZod => (app, _options, done) => {
  const { databases, temporal } = dependencies;

  app.post(
    '/bookings/:id/payment',
    {
      schema: {
        tags,
        summary: 'Pay for a held booking',
        description: 'Answers when the payment is decided, when the payer has to go to `redirectUrl`, or after fifteen seconds; whatever it is by then, the flow goes on by itself. A decline is an answer, too: the payment is `failed` and the booking released.',
        params: bookingParams,
        body: payBookingBody,
        response: answers('POST', { 202: z.union([paymentView, unmadePayment]) }, ['booking_not_found', 'booking_not_held', 'hold_expired', 'not_the_holder', 'amount_mismatch', 'nothing_to_pay', 'already_paid', 'payment_in_progress', 'payment_id_reused', 'payment_closed', 'gateway_not_configured', 'currency_not_supported', 'temporal_unavailable']),
      },
    },
    async (request, reply) => {
      const { tenantId, holdfast } = callerOf(request);
      const bookingId = request.params.id;
      // What the database can refuse costs no flow. A repeat is not refused by what its own first try did.
      if (request.idempotency?.again !== true) await refuseEarly(tenantId, bookingId, request.body);
      const id = request.idempotency?.idFor('pay');
      const payment = await holdfast.payments.payBooking({ bookingId, ...request.body, ...(id !== undefined && { id }) });
      return await reply.code(202).header('location', `/v1/payments/${payment.id}`).send(payment);
    },
  );

  app.get(
    '/payments',
    {
      schema: {
        tags,
        summary: 'List payments, newest first',
        querystring: listPaymentsQuery,
        response: answers('GET', { 200: z.object({ items: z.array(paymentView), nextCursor: z.string().optional() }) }, ['invalid_cursor']),
      },
    },
    async (request, reply) => {
      const { items, nextCursor } = await listPayments(databases.read, callerOf(request).tenantId, request.query);
      return await reply.send({ items: [...items], ...(nextCursor !== undefined && { nextCursor }) });
    },
  );

  app.get(
    '/payments/:id',
    {
      schema: {
        tags,
        summary: 'One payment',
        description: 'One that was accepted and could not be begun any more, as its hold had ended say, is `payment_not_found`, and `detail` says why.',
        params,
        response: answers('GET', { 200: z.union([paymentView, unmadePayment]) }, ['payment_not_found', 'temporal_unavailable']),
      },
    },
    async (request, reply) => await reply.send(await locate(callerOf(request), request.params.id)),
  );

  app.get(
    '/payments/:id/refunds',
    {
      schema: {
        tags,
        summary: 'What was given back of a payment, oldest first',
        params,
        querystring: listRefundsQuery,
        response: answers('GET', { 200: z.object({ items: z.array(refundView), nextCursor: z.string().optional() }) }, ['payment_not_found', 'invalid_cursor']),
      },
    },
    async (request, reply) => {
      const { tenantId } = callerOf(request);
      const { items, nextCursor } = await listRefunds(databases.write, tenantId, await made(tenantId, request.params.id), request.query);
      return await reply.send({ items: [...items], ...(nextCursor !== undefined && { nextCursor }) });
    },
  );

  app.post(
    '/payments/:id/refund',
    {
      schema: {
        tags,
        summary: 'Give money back, all that is left or a part',
        description: 'The refund goes on by itself; `GET /v1/payments/{id}/refunds` says how it stands. What was paid for is not touched: cancel it if it is to be given up.',
        params,
        body: refundBody,
        response: answers('POST', { 202: refundView }, ['payment_not_found', 'payment_not_refundable', 'refund_over_captured', 'temporal_unavailable']),
      },
    },
    async (request, reply) => {
      const { tenantId, holdfast } = callerOf(request);
      const payment = await made(tenantId, request.params.id);
      const id = request.idempotency?.idFor('rfd');
      const known = id === undefined ? undefined : await selectRefund(databases.write, tenantId, id);
      // It goes on by itself: if the message to its flow got lost, housekeeping sends another.
      if (known !== undefined && known.payment_id === payment.id) return await reply.code(202).send(toRefundView(known, payment.currency));
      if (payment.captured === 0) throw new Refused('payment_not_refundable', `The payment is ${payment.status}: nothing was taken.`);
      return await reply.code(202).send(await holdfast.payments.refund(payment.id, { ...request.body, ...(id !== undefined && { id }) }));
    },
  );

  app.post(
    '/payments/:id/cancel',
    {
      schema: {
        tags,
        summary: 'Give up a payment that has not been taken',
        description: 'A payment that is taken in the same moment stays taken. The booking stays held, so it can be paid in another way.',
        params,
        body: emptyBody,
        response: answers('POST', { 202: paymentView }, ['payment_not_found', 'payment_closed', 'temporal_unavailable']),
      },
    },
    async (request, reply) => {
      const { tenantId, holdfast } = callerOf(request);
      const payment = await made(tenantId, request.params.id);
      if (payment.status === 'failed' && payment.failure?.code === 'cancelled') return await reply.code(202).send(payment);
      if (payment.captured > 0 || payment.status === 'failed') throw new Refused('payment_closed', `The payment is ${payment.status}.`);
      await temporal.promptly(async () => await holdfast.payments.cancel(payment.id));
      return await reply.code(202).send(await made(tenantId, payment.id));
    },
  );

  app.get(
    '/ledger/balances',
    {
      schema: {
        tags,
        summary: 'What every account stands at, by name',
        querystring: listBalancesQuery,
        response: answers('GET', { 200: z.object({ items: z.array(accountBalance), nextCursor: z.string().optional() }) }, ['invalid_cursor']),
      },
    },
    async (request, reply) => {
      const { items, nextCursor } = await listBalances(databases.read, callerOf(request).tenantId, request.query);
      return await reply.send({ items: [...items], ...(nextCursor !== undefined && { nextCursor }) });
    },
  );

  app.get(
    '/ledger/entries',
    {
      schema: {
        tags,
        summary: 'Every movement of money, newest first',
        querystring: listLedgerQuery,
        response: answers('GET', { 200: z.object({ items: z.array(ledgerEntryView), nextCursor: z.string().optional() }) }, ['invalid_cursor']),
      },
    },
    async (request, reply) => {
      const { items, nextCursor } = await listLedger(databases.read, callerOf(request).tenantId, request.query);
      return await reply.send({ items: [...items], ...(nextCursor !== undefined && { nextCursor }) });
    },
  );
  done();

  async function refuseEarly(tenantId: string, bookingId: string, body: z.infer<typeof payBookingBody>): Promise<void> {
    const { gateway, amount, currency, customerId } = body;
    const terms = await databases.write.transaction().execute(async (tx) => await termsOf(tx, tenantId, { kind: 'booking', id: bookingId }));
    if (isRefusal(terms)) throw Refused.of(terms);
    const refusal = refuseTerms(terms, { gateway, ...(amount !== undefined && { amountMinor: amount }), ...(currency !== undefined && { currency }), ...(customerId !== undefined && { customerId }) });
    if (refusal !== undefined) throw Refused.of(refusal);
  }

  async function made(tenantId: string, id: string): Promise<PaymentView> {
    const payment = await findPayment(databases.write, tenantId, id);
    if (payment === undefined) throw Refused.of(unknownPayment(id));
    return payment;
  }

  async function locate(caller: Caller, id: string): Promise<PaymentView | UnmadePayment> {
    const find = async (): Promise<PaymentView | undefined> => await findPayment(databases.write, caller.tenantId, id);
    const found = await rowOrFlow(dependencies, caller, find, { workflowId: paymentWorkflowId(id), unknown: unknownPayment(id), notMade: 'The payment was not begun, and nothing was taken' });
    return found ?? { id, status: 'created' };
  }
};
