/** Stripe at the root of the sandbox, as its library can only be given a host and a port. */
import type { FastifyInstance } from 'fastify';
import type { StripeConfig } from '../config.ts';
import { send } from '../core/answers.ts';
import { newId } from '../core/ids.ts';
import type { Core } from '../core/index.ts';
import { stripeHandler, type Caller, type StripeCall } from './calls.ts';
import { invalid, missing } from './errors.ts';
import { createEvents } from './events.ts';
import { createIntents } from './intents.ts';
import { IdempotencyKeys } from './keys.ts';
import { inPeriod, pageOf, parseSearch } from './lists.ts';
import * as parameters from './params.ts';
import { payerRoutes } from './payer.ts';
import { createRefunds } from './refunds.ts';
import { paymentIdOf, stripeTables, type Endpoint, type Intent } from './rows.ts';
import { chargeView, endpointView, refundView, type Expansion } from './views.ts';

/** Only the charge can be expanded. @throws {StripeRefusal} */
function expansionOf(expand: readonly string[] | undefined, place: '' | 'data.' = ''): Expansion {
  for (const name of expand ?? []) if (name !== `${place}latest_charge`) throw invalid(`This property cannot be expanded (${name.slice(0, 60)}).`, { param: 'expand' });
  return { charge: expand !== undefined && expand.length > 0 };
}

export function stripeRoutes(app: FastifyInstance, core: Core, config: StripeConfig): void {
  const tables = stripeTables(core);
  const emit = createEvents(core, config, tables);
  const intents = createIntents(core, tables, emit);
  const refunds = createRefunds(core, tables, emit);
  const caller: Caller = { core, keys: new IdempotencyKeys(tables.keys, config.keyLifeMs), secretKeys: config.secretKeys };
  const post = <Params>(path: string, call: StripeCall<Params>): void => void app.post(path, stripeHandler(call, caller));
  const get = <Params>(path: string, call: StripeCall<Params>): void => void app.get(path, stripeHandler(call, caller));

  const ids = (intent: Intent | undefined) => (intent === undefined ? {} : { paymentId: paymentIdOf(intent), tenantId: intent.metadata['tenantId'], method: intent.method ?? undefined });
  const known = (id: string | undefined) => ids(id === undefined ? undefined : tables.intents.get(id));
  const lookup = { operations: ['lookup' as const] };

  post('/v1/payment_intents', {
    params: parameters.createIntent,
    about: ({ metadata, payment_method, confirm }) => ({ operations: confirm ? ['create', 'authorise'] : ['create'], paymentId: metadata['paymentId'], tenantId: metadata['tenantId'], method: payment_method }),
    execute: (wish, { origin, ordered }) => intents.view(intents.create(wish, origin, ordered), expansionOf(wish.expand)),
  });
  post('/v1/payment_intents/:id/confirm', {
    params: parameters.confirmIntent,
    about: ({ payment_method }, id) => ({ operations: ['authorise'], ...known(id), ...(payment_method !== undefined && { method: payment_method }) }),
    execute: (wish, { id, origin, ordered }) => intents.view(intents.confirm(id, wish, origin, ordered), expansionOf(wish.expand)),
  });
  post('/v1/payment_intents/:id/capture', {
    params: parameters.captureIntent,
    about: (_, id) => ({ operations: ['capture'], ...known(id) }),
    execute: (wish, { id, origin, ordered }) => intents.view(intents.capture(id, wish.amount_to_capture, origin, ordered), expansionOf(wish.expand)),
  });
  post('/v1/payment_intents/:id/cancel', {
    params: parameters.cancelIntent,
    about: (_, id) => ({ operations: ['cancel'], ...known(id) }),
    execute: (wish, { id, origin }) => intents.view(intents.cancel(id, wish.cancellation_reason, origin), expansionOf(wish.expand)),
  });
  get('/v1/payment_intents/search', {
    params: parameters.searchIntents,
    about: ({ query }) => ({ ...lookup, paymentId: /paymentId["']\]:["']([^"']+)/.exec(query)?.[1] }),
    execute: ({ query, limit, page, expand }) => {
      const matches = parseSearch(query);
      const newest = Date.now() - config.searchLagMs;
      const found = [...tables.intents.values()].filter((intent) => intent.createdMs <= newest && matches(intent)).toReversed();
      const from = Number(page ?? 0);
      if (!Number.isInteger(from) || from < 0) throw invalid('Invalid page.', { param: 'page' });
      const has_more = found.length > from + limit;
      return { object: 'search_result', data: found.slice(from, from + limit).map((intent) => intents.view(intent, expansionOf(expand, 'data.'))), has_more, next_page: has_more ? String(from + limit) : null, url: '/v1/payment_intents/search' };
    },
  });
  get('/v1/payment_intents/:id', { params: parameters.retrieve, about: (_, id) => ({ ...lookup, ...known(id) }), execute: ({ expand }, { id }) => intents.view(intents.find(id), expansionOf(expand)) });
  get('/v1/payment_intents', {
    params: parameters.listIntents,
    about: () => lookup,
    execute: ({ created, customer, expand, ...page }) => {
      const rows = [...tables.intents.values()].filter((intent) => inPeriod(intent.createdMs, created) && (customer ?? intent.customer) === intent.customer);
      return pageOf(rows, page, '/v1/payment_intents', (intent) => intents.view(intent, expansionOf(expand, 'data.')));
    },
  });
  get('/v1/charges/:id', {
    params: parameters.retrieve,
    about: (_, id) => ({ ...lookup, ...ids(refunds.intentOf({ charge: id })) }),
    execute: (_, { id }) => {
      const intent = refunds.intentOf({ charge: id });
      if (intent === undefined) throw missing('charge', id, 'charge', 404);
      return chargeView(intent);
    },
  });

  post('/v1/refunds', {
    params: parameters.createRefund,
    about: (wish) => ({ operations: ['refund'], ...ids(refunds.intentOf(wish)) }),
    execute: (wish, { origin, ordered }) => refundView(refunds.create(wish, origin, ordered)),
  });
  get('/v1/refunds/:id', { params: parameters.retrieve, about: (_, id) => ({ ...lookup, ...known(tables.refunds.get(id)?.intentId) }), execute: (_, { id }) => refundView(refunds.find(id)) });
  get('/v1/refunds', {
    params: parameters.listRefunds,
    about: ({ payment_intent }) => ({ ...lookup, ...known(payment_intent) }),
    execute: ({ payment_intent, charge, created, ...page }) => {
      const rows = [...tables.refunds.values()].filter((refund) => (payment_intent ?? refund.intentId) === refund.intentId && (charge ?? refund.chargeId) === refund.chargeId && inPeriod(refund.createdMs, created));
      return pageOf(rows, page, '/v1/refunds', refundView);
    },
  });

  post('/v1/webhook_endpoints', {
    params: parameters.createEndpoint,
    execute: ({ url, enabled_events, description, metadata }) => {
      const made: Endpoint = { id: newId('we'), createdMs: Date.now(), url, secret: newId('whsec'), events: enabled_events, description: description ?? null, metadata: metadata ?? {} };
      tables.endpoints.put(made.id, made);
      return endpointView(made, true);
    },
  });
  get('/v1/webhook_endpoints', { params: parameters.listEndpoints, execute: (page) => pageOf([...tables.endpoints.values()], page, '/v1/webhook_endpoints', (row) => endpointView(row, false)) });

  app.all('/v1/*', async (request, reply) => {
    const [path = ''] = request.url.split('?');
    return await send(request, reply, invalid(`Unrecognized request URL (${request.method}: ${path.slice(0, 200)}).`, { status: 404 }).answer);
  });
  payerRoutes(app, core, intents);
}
