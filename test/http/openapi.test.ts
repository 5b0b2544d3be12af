import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { newBookingId } from '../../client/index.ts';
import { failures, isFailureCode } from '../../contracts/failures.ts';
import type { Databases } from '../../services/database/connection.ts';
import { createResource, openTestDatabase, someCar, someRoom } from '../support/database.ts';
import { testStack } from '../support/environment.ts';
import { eventually, request, shop, type Answer, type Shop } from '../support/http.ts';

const nights = { from: '2031-05-01', to: '2031-05-04' };

// What OpenAPI 3.1 asks of a document, as far as it is used here: https://spec.openapis.org/oas/v3.1.1
const schemaObject = z.record(z.string(), z.unknown());
const content = z.record(z.string().regex(/^[\w.+-]+\/[\w.+-]+$/), z.object({ schema: schemaObject }));
const operation = z.object({
  summary: z.string().min(1),
  tags: z.array(z.string()).min(1),
  security: z.array(z.record(z.string(), z.array(z.string()))).min(1),
  parameters: z
    .array(z.object({ name: z.string(), in: z.enum(['query', 'path', 'header', 'cookie']), required: z.boolean().optional(), schema: schemaObject }).refine((parameter) => parameter.in !== 'path' || parameter.required === true, 'a path parameter is required'))
    .default([]),
  requestBody: z.object({ content, required: z.boolean().optional() }).optional(),
  responses: z.record(z.string().regex(/^[1-5]\d\d$/), z.object({ description: z.string(), content: content.optional() })),
});
const openApi = z.object({
  openapi: z.string().regex(/^3\.1\.\d+$/),
  info: z.object({ title: z.string().min(1), version: z.string().min(1) }),
  paths: z.record(z.string().startsWith('/'), z.partialRecord(z.enum(['get', 'put', 'post']), operation)),
  components: z.object({ schemas: z.record(z.string().regex(/^[\w.-]+$/), schemaObject), securitySchemes: z.record(z.string(), z.object({ type: z.literal('http'), scheme: z.literal('bearer') })) }),
});
type Operation = z.infer<typeof operation>;

/** The outer contract of this version: what each call may answer, and every code that it may refuse with. */
const everywhere = ['unauthorized', 'malformed_request', 'invalid_request', 'rate_limited', 'internal_error', 'database_unavailable'];
const withBody = [...everywhere, 'invalid_json', 'invalid_utf8', 'payload_too_large', 'unsupported_media_type'];
const post = [...withBody, 'idempotency_key_reused'];
const change = [...post, 'booking_not_found', 'booking_failed', 'database_conflict', 'temporal_unavailable'];
const flowChange = [...post, 'flow_not_found', 'not_pausable', 'not_cancellable', 'nothing_to_resume', 'booking_closed', 'booking_not_failed', 'import_closed', 'temporal_unavailable'];
const sending = ['database_conflict', 'file_empty', 'upload_incomplete', 'storage_unavailable', 'temporal_unavailable'];
const importChange = [...post, 'import_closed', 'import_not_found', 'temporal_unavailable'];
const contract: Readonly<Record<string, { good: readonly number[]; codes: readonly string[] }>> = {
  'post /v1/bookings': { good: [201, 202], codes: [...post, 'resource_not_found', 'resource_unavailable', 'invalid_dates', 'quantity_over_capacity', 'booking_id_reused', 'booking_closed', 'booking_failed', 'database_conflict', 'temporal_unavailable'] },
  'get /v1/bookings': { good: [200], codes: [...everywhere, 'invalid_cursor', 'temporal_unavailable'] },
  'get /v1/bookings/{id}': { good: [200], codes: [...everywhere, 'booking_not_found', 'temporal_unavailable'] },
  'post /v1/bookings/{id}/confirm': { good: [202], codes: [...change, 'booking_not_held', 'hold_expired'] },
  'post /v1/bookings/{id}/extend': { good: [202], codes: [...change, 'booking_not_held', 'hold_expired', 'already_extended'] },
  'post /v1/bookings/{id}/reschedule': { good: [202], codes: [...change, 'booking_closed', 'not_reschedulable', 'invalid_dates', 'resource_unavailable', 'payment_in_progress'] },
  'post /v1/bookings/{id}/cancel': { good: [202], codes: [...change, 'booking_closed', 'not_cancellable'] },
  'put /v1/resources/{id}': { good: [200, 201], codes: [...withBody, 'resource_in_use', 'database_conflict'] },
  'get /v1/resources': { good: [200], codes: [...everywhere, 'invalid_cursor', 'invalid_dates'] },
  'get /v1/resources/{id}': { good: [200], codes: [...everywhere, 'resource_not_found'] },
  'get /v1/flows': { good: [200], codes: [...everywhere, 'invalid_cursor', 'temporal_unavailable'] },
  'get /v1/flows/{id}': { good: [200], codes: [...everywhere, 'flow_not_found', 'temporal_unavailable'] },
  'post /v1/flows/{id}/retry': { good: [202], codes: flowChange },
  'post /v1/flows/{id}/cancel': { good: [202], codes: flowChange },
  'post /v1/flows/{id}/pause': { good: [202], codes: flowChange },
  'post /v1/flows/{id}/resume': { good: [202], codes: flowChange },
  'get /v1/notifications': { good: [200], codes: [...everywhere, 'invalid_cursor'] },
  'post /v1/bookings/{id}/payment': { good: [202], codes: [...post, 'already_paid', 'amount_mismatch', 'booking_not_found', 'booking_not_held', 'currency_not_supported', 'gateway_not_configured', 'hold_expired', 'not_the_holder', 'nothing_to_pay', 'payment_closed', 'payment_id_reused', 'payment_in_progress', 'temporal_unavailable'] },
  'get /v1/payments': { good: [200], codes: [...everywhere, 'invalid_cursor'] },
  'get /v1/payments/{id}': { good: [200], codes: [...everywhere, 'payment_not_found', 'temporal_unavailable'] },
  'get /v1/payments/{id}/refunds': { good: [200], codes: [...everywhere, 'invalid_cursor', 'payment_not_found'] },
  'post /v1/payments/{id}/refund': { good: [202], codes: [...post, 'payment_not_found', 'payment_not_refundable', 'refund_over_captured', 'temporal_unavailable'] },
  'post /v1/payments/{id}/cancel': { good: [202], codes: [...post, 'payment_closed', 'payment_not_found', 'temporal_unavailable'] },
  'get /v1/ledger/balances': { good: [200], codes: [...everywhere, 'invalid_cursor'] },
  'get /v1/ledger/entries': { good: [200], codes: [...everywhere, 'invalid_cursor'] },
  'post /v1/orders': { good: [202], codes: [...post, 'amount_mismatch', 'mixed_currencies', 'nothing_to_pay', 'order_id_reused', 'order_not_found', 'out_of_stock', 'product_not_found', 'shipping_unavailable', 'temporal_unavailable'] },
  'get /v1/orders': { good: [200], codes: [...everywhere, 'invalid_cursor'] },
  'get /v1/orders/{id}': { good: [200], codes: [...everywhere, 'order_not_found'] },
  'post /v1/orders/{id}/cancel': { good: [202], codes: [...post, 'not_cancellable', 'order_not_found', 'temporal_unavailable'] },
  'post /v1/orders/{id}/resume': { good: [202], codes: [...post, 'nothing_to_resume', 'order_not_found', 'temporal_unavailable'] },
  'get /v1/webhooks/received': { good: [200], codes: [...everywhere, 'invalid_cursor'] },
  'post /v1/reconciliation/runs': { good: [202], codes: [...post, 'temporal_unavailable'] },
  'get /v1/reconciliation/runs/{id}': { good: [200], codes: [...everywhere, 'flow_not_found'] },
  'get /v1/reconciliation/cases': { good: [200], codes: [...everywhere, 'invalid_cursor'] },
  'get /v1/reconciliation/cases/{id}': { good: [200], codes: [...everywhere, 'case_not_found'] },
  'post /v1/reconciliation/cases/{id}/resolve': { good: [200], codes: [...post, 'case_closed', 'case_not_found'] },
  'post /v1/invoices': { good: [202], codes: [...post, 'database_conflict', 'payment_not_found', 'temporal_unavailable'] },
  'get /v1/invoices': { good: [200], codes: [...everywhere, 'invalid_cursor'] },
  'get /v1/invoices/{id}': { good: [200], codes: [...everywhere, 'invoice_not_found'] },
  'get /v1/shop': { good: [200], codes: everywhere },
  'put /v1/shop': { good: [200], codes: withBody },
  'put /v1/shop/logo': { good: [200], codes: [...withBody, 'image_unsupported', 'file_empty', 'upload_incomplete', 'storage_unavailable', 'database_conflict'] },
  'put /v1/products/{id}': { good: [200, 201], codes: [...withBody, 'database_conflict'] },
  'get /v1/products/{id}': { good: [200], codes: [...everywhere, 'product_not_found'] },
  'get /v1/products': { good: [200], codes: [...everywhere, 'invalid_cursor'] },
  'put /v1/products/{id}/file': { good: [200], codes: [...withBody, 'database_conflict', 'product_not_found', 'file_empty', 'upload_incomplete', 'storage_unavailable'] },
  'post /v1/uploads': { good: [202], codes: [...post, 'database_conflict', 'product_not_found', 'file_empty', 'upload_incomplete', 'storage_unavailable', 'temporal_unavailable'] },
  'get /v1/uploads': { good: [200], codes: [...everywhere, 'invalid_cursor'] },
  'get /v1/uploads/{id}': { good: [200], codes: [...everywhere, 'upload_not_found'] },
  'post /v1/uploads/{id}/cancel': { good: [202], codes: [...post, 'upload_not_found', 'not_cancellable', 'temporal_unavailable'] },
  'put /v1/baskets/{customerId}/items/{productId}': { good: [200], codes: [...withBody, 'database_conflict', 'product_not_found'] },
  'get /v1/baskets/{customerId}': { good: [200], codes: everywhere },
  'post /v1/purchases': { good: [202], codes: [...post, 'already_paid', 'amount_mismatch', 'basket_empty', 'booking_not_found', 'booking_not_held', 'currency_not_supported', 'database_conflict', 'gateway_not_configured', 'hold_expired', 'mixed_currencies', 'not_the_holder', 'nothing_to_pay', 'out_of_stock', 'payment_in_progress', 'purchase_id_reused', 'temporal_unavailable'] },
  'get /v1/purchases': { good: [200], codes: [...everywhere, 'invalid_cursor'] },
  'get /v1/purchases/{id}': { good: [200], codes: [...everywhere, 'purchase_not_found'] },
  'post /v1/purchases/{id}/cancel': { good: [202], codes: [...post, 'not_cancellable', 'purchase_not_found', 'temporal_unavailable'] },
  'post /v1/exports': { good: [202], codes: [...post, 'unknown_dataset', 'unknown_format', 'export_not_found', 'temporal_unavailable'] },
  'get /v1/exports': { good: [200], codes: [...everywhere, 'invalid_cursor'] },
  'get /v1/exports/{id}': { good: [200], codes: [...everywhere, 'export_not_found'] },
  'post /v1/exports/{id}/cancel': { good: [202], codes: [...post, 'export_not_found', 'not_cancellable', 'temporal_unavailable'] },
  'post /v1/imports': { good: [202], codes: [...post, ...sending, 'unknown_dataset'] },
  'get /v1/imports': { good: [200], codes: [...everywhere, 'invalid_cursor'] },
  'get /v1/imports/{id}': { good: [200], codes: [...everywhere, 'import_not_found'] },
  'get /v1/imports/{id}/rejects': { good: [200], codes: [...everywhere, 'file_not_found', 'import_not_found'] },
  'post /v1/imports/{id}/files': { good: [202], codes: [...post, ...sending, 'import_closed', 'import_not_found'] },
  'post /v1/imports/{id}/pause': { good: [202], codes: importChange },
  'post /v1/imports/{id}/resume': { good: [202], codes: importChange },
  'post /v1/imports/{id}/cancel': { good: [202], codes: importChange },
  'get /v1/datasets': { good: [200], codes: everywhere },
  'get /v1/datasets/{name}': { good: [200], codes: [...everywhere, 'unknown_dataset'] },
  'get /v1/datasets/{name}/example': { good: [200], codes: [...everywhere, 'unknown_dataset', 'unknown_format'] },
  'get /v1/inventory/statistics': { good: [200], codes: everywhere },
  'get /v1/sellers/{id}/balance': { good: [200], codes: everywhere },
};

let databases: Databases;
let shopA: Shop;
let apiUrl: string;
let raw: unknown;
let document: z.infer<typeof openApi>;
beforeAll(async () => {
  databases = await openTestDatabase();
  shopA = await shop('shop-a');
  ({ apiUrl } = await testStack());
  raw = (await request(`${apiUrl}/openapi.json`, {})).body;
  document = openApi.parse(raw);
});
afterAll(async () => await databases.close());

const operations = (): [string, Operation][] => Object.entries(document.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, described]): [string, Operation] => [`${method} ${path}`, described]));

/** Every object in the document that is a schema or holds one. */
function* objects(value: unknown): Generator<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) yield value as Record<string, unknown>;
  for (const inner of Object.values(value)) yield* objects(inner);
}

const prefix = '#/components/schemas/';
const codesIn = (description: string): string[] => [...description.matchAll(/^`(\w+)`: /gm)].map(([, code]) => code ?? '');

describe('the OpenAPI document', () => {
  test('is served to anybody as JSON, with a page for people beside it', async () => {
    const response = await fetch(`${apiUrl}/openapi.json`);
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/json; charset=utf-8']);
    const page = await fetch(`${apiUrl}/docs/`);
    expect([page.status, page.headers.get('content-type')]).toEqual([200, expect.stringContaining('text/html')]);
  });

  test('has every call of the contract and no other', () => {
    expect(operations().map(([name]) => name).toSorted()).toEqual(Object.keys(contract).toSorted());
  });

  test('points at nothing that is not there, and has nothing that nobody points at', () => {
    const pointedAt = new Set([...objects(raw)].flatMap(({ $ref }) => (typeof $ref === 'string' ? [$ref] : [])));
    expect([...pointedAt].map((pointer) => pointer.replace(prefix, '')).toSorted()).toEqual(Object.keys(document.components.schemas).toSorted());
  });

  test('uses no keyword that 3.1 has dropped', () => {
    for (const found of objects(raw)) {
      expect(found['nullable']).toBeUndefined();
      expect(typeof found['exclusiveMinimum']).not.toBe('boolean');
    }
  });

  test('names for each path every parameter that is in it', () => {
    for (const [name, { parameters }] of operations()) {
      const inPath = [...name.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter);
      expect([name, parameters.filter((parameter) => parameter.in === 'path').map((parameter) => parameter.name)]).toEqual([name, inPath]);
    }
  });

  test('says that a key is needed, and that every POST takes an Idempotency-Key', () => {
    for (const [name, { security, parameters }] of operations()) {
      expect([name, security]).toEqual([name, [{ bearer: [] }]]);
      expect([name, parameters.some((parameter) => parameter.in === 'header' && parameter.name === 'idempotency-key')]).toEqual([name, name.startsWith('post ')]);
    }
    expect(Object.keys(document.components.securitySchemes)).toEqual(['bearer']);
  });

  test('gives for each call its good answers, and under each other status exactly the codes that have it', () => {
    for (const [name, { responses }] of operations()) {
      const { good, codes } = contract[name] ?? { good: [], codes: [] };
      const expected = Object.fromEntries(Map.groupBy(codes.filter(isFailureCode), (code) => failures[code].status).entries().map(([status, group]) => [status, group.toSorted()]));
      const described = Object.entries(responses).filter(([status]) => !good.includes(Number(status)));
      expect([name, Object.keys(responses).map(Number).filter((status) => status < 400)]).toEqual([name, good]);
      expect([name, Object.fromEntries(described.map(([status, { description }]) => [status, codesIn(description).toSorted()]))]).toEqual([name, expected]);
      for (const [, response] of described) expect(response.content).toEqual({ 'application/problem+json': { schema: { $ref: `${prefix}Problem` } } });
    }
    expect(Object.values(contract).flatMap(({ codes }) => codes).filter((code) => !isFailureCode(code))).toEqual([]);
  });

  test('explains every code of the failures table', () => {
    const { description } = (raw as { info: { description: string } }).info;
    for (const [code, { status, retryable, meaning }] of Object.entries(failures)) expect(description).toContain(`\n| \`${code}\` | ${status} | ${retryable ? 'yes' : 'no'} | ${meaning} |`);
  });
});

/** Schemas as the document has them, not as the code has them. */
function validator(status: number, call: string, type: string): z.ZodType {
  const described = operations().find(([name]) => name === call)?.[1].responses[String(status)]?.content?.[type]?.schema;
  if (described === undefined) throw new Error(`${call} does not say that it answers ${status} as ${type}`);
  const text = JSON.stringify({ ...described, $defs: document.components.schemas }).replaceAll(prefix, '#/$defs/');
  return z.fromJSONSchema(JSON.parse(text) as Parameters<typeof z.fromJSONSchema>[0]);
}

/** @returns the answer, after it was compared with what the document says of that status. */
function asDescribed(call: string, answer: Answer): Answer {
  const type = (answer.headers.get('content-type') ?? '').split(';')[0] ?? '';
  const result = validator(answer.status, call, type).safeParse(answer.body);
  expect({ call, status: answer.status, issues: result.error?.issues, body: answer.body }).toEqual({ call, status: answer.status, issues: undefined, body: answer.body });
  if (answer.status >= 400) expect(contract[call]?.codes).toContain(answer.body['code']);
  return answer;
}

describe('live answers are as the document describes them', () => {
  const call = async (method: string, template: string, path = template, body?: unknown, headers?: Record<string, string>): Promise<Answer> =>
    asDescribed(`${method.toLowerCase()} ${template.split('?')[0] ?? ''}`, await shopA.call(method, path, body, headers));

  test('the check itself refuses an answer with a field too many, one too few, or of another type', async () => {
    const resourceId = await createResource(databases, 'shop-a', someRoom);
    const { body, ...rest } = await call('GET', '/v1/resources/{id}', `/v1/resources/${resourceId}`);
    for (const wrong of [{ ...body, secret: 1 }, { ...body, price: '9000' }, { ...body, name: undefined }]) {
      expect(() => asDescribed('get /v1/resources/{id}', { ...rest, body: wrong })).toThrow();
    }
    expect(() => asDescribed('get /v1/resources/{id}', { ...rest, body, status: 299 })).toThrow();
  });

  test('for resources', async () => {
    const id = `described-${Date.now()}`;
    const template = '/v1/resources/{id}';
    const path = `/v1/resources/${id}`;
    expect((await call('PUT', template, path, { ...someRoom, capacity: 2, attributes: { view: 'sea', floor: 3, lift: true } })).status).toBe(201);
    expect((await call('PUT', template, path, { ...someRoom, capacity: 2 })).status).toBe(200);
    expect((await call('PUT', template, path, { ...someRoom, price: -1 })).status).toBe(422);
    expect((await call('PUT', template, path, '{')).status).toBe(400);
    expect((await call('PUT', template, path, 'x', { 'content-type': 'text/plain' })).status).toBe(415);
    expect((await call('PUT', template, path, `"${'x'.repeat(300_000)}"`)).status).toBe(413);
    expect((await call('GET', template, path)).status).toBe(200);
    expect((await call('GET', template, '/v1/resources/nothing-here')).status).toBe(404);
    expect((await call('GET', '/v1/resources', '/v1/resources?limit=2')).status).toBe(200);
    expect((await call('GET', '/v1/resources', '/v1/resources?kind=room&from=2031-05-01&to=2031-05-02&available=true')).status).toBe(200);
    expect((await call('GET', '/v1/resources', '/v1/resources?kind=boat')).status).toBe(422);
    expect((await call('GET', '/v1/resources', '/v1/resources?cursor=%25')).status).toBe(422);
    await call('POST', '/v1/bookings', '/v1/bookings', { resourceId: id, customerId: 'ada', quantity: 2, ...nights });
    expect((await call('PUT', template, path, { ...someRoom, capacity: 1 })).status).toBe(409);
  });

  test('for bookings, in every state they come through', async () => {
    const resourceId = await createResource(databases, 'shop-a', someRoom);
    const wanted = { resourceId, customerId: 'ada', ...nights };
    const held = await call('POST', '/v1/bookings', '/v1/bookings', wanted, { 'idempotency-key': `described-${Date.now()}` });
    expect(held.status).toBe(201);
    const id = String(held.body['id']);
    const template = '/v1/bookings/{id}';
    const step = async (name: string, body?: unknown): Promise<number> => (await call('POST', `${template}/${name}`, `/v1/bookings/${id}/${name}`, body)).status;
    expect((await call('POST', '/v1/bookings', '/v1/bookings', wanted)).status).toBe(409);
    expect((await call('POST', '/v1/bookings', '/v1/bookings', { ...wanted, resourceId: 'nothing-here' })).status).toBe(404);
    expect((await call('POST', '/v1/bookings', '/v1/bookings', { ...wanted, to: '2031-04-01' })).status).toBe(422);
    expect([await step('extend'), await step('extend')]).toEqual([202, 409]);
    expect([await step('reschedule', { from: '2031-06-01', to: '2031-06-02' }), await step('reschedule', { from: 'x' })]).toEqual([202, 422]);
    expect([await step('confirm', { reference: 'till 4' }), await step('confirm', { reference: 'another' })]).toEqual([202, 409]);
    expect((await call('GET', template, `/v1/bookings/${id}`)).status).toBe(200);
    expect(await step('cancel')).toBe(202);
    await eventually('the release', async () => (await call('GET', template, `/v1/bookings/${id}`)).body['status'] === 'released');
    expect([await step('extend'), await step('confirm'), await step('reschedule', nights)]).toEqual([409, 409, 409]);
    for (const query of ['', `?resourceId=${resourceId}`, '?status=held&limit=1', '?status=pending']) expect((await call('GET', '/v1/bookings', `/v1/bookings${query}`)).status).toBe(200);
    expect((await call('GET', '/v1/bookings', '/v1/bookings?cursor=%25')).status).toBe(422);
    const nobody = newBookingId();
    expect((await call('GET', template, `/v1/bookings/${nobody}`)).status).toBe(404);
    for (const name of ['confirm', 'extend', 'cancel']) expect((await call('POST', `${template}/${name}`, `/v1/bookings/${nobody}/${name}`)).status).toBe(404);
  });

  test('for a booking that would cost more than an amount can be', async () => {
    const resourceId = await createResource(databases, 'shop-b', { ...someRoom, price: 999_999_999_999, capacity: 1_000 });
    const shopB = await shop('shop-b');
    asDescribed('post /v1/bookings', await shopB.call('POST', '/v1/bookings', { resourceId, customerId: 'ada', quantity: 999, from: '2031-01-01', to: '2031-12-31' }));
  });

  test('for flows', async () => {
    const held = await call('POST', '/v1/bookings', '/v1/bookings', { resourceId: await createResource(databases, 'shop-a', someCar), customerId: 'ada' });
    const id = `booking:${String(held.body['id'])}`;
    const template = '/v1/flows/{id}';
    expect((await call('GET', template, `/v1/flows/${id}`)).status).toBe(200);
    for (const [action, status] of [['pause', 409], ['retry', 409], ['resume', 409], ['cancel', 202]] as const) {
      expect([action, (await call('POST', `${template}/${action}`, `/v1/flows/${id}/${action}`)).status]).toEqual([action, status]);
      expect([action, (await call('POST', `${template}/${action}`, '/v1/flows/booking:nothing/' + action)).status]).toEqual([action, 404]);
    }
    expect((await call('GET', template, '/v1/flows/booking:nothing')).status).toBe(404);
    for (const query of ['?limit=3', '?status=running&type=booking', '?status=completed']) expect((await call('GET', '/v1/flows', `/v1/flows${query}`)).status).toBe(200);
    expect((await call('GET', '/v1/flows', '/v1/flows?cursor=x.y')).status).toBe(422);
  });

  test('for notifications', async () => {
    await databases.write.insertInto('notifications').values({ tenant_id: 'shop-a', id: `ntf-${Date.now()}`, customer_id: 'described', template: 'booking_failed', subject_id: newBookingId(), data: JSON.stringify({ reason: 'database_conflict' }) }).execute();
    const listed = await call('GET', '/v1/notifications', '/v1/notifications?customerId=described');
    expect((listed.body['items'] as unknown[]).length).toBeGreaterThan(0);
    expect((await call('GET', '/v1/notifications', '/v1/notifications?cursor=x')).status).toBe(422);
  });

  test('for a caller without a key', async () => {
    for (const name of Object.keys(contract)) {
      const [method = '', path = ''] = name.split(' ');
      const body = method === 'get' ? {} : { body: '{}', headers: { 'content-type': 'application/json' } };
      expect([name, asDescribed(name, await request(`${apiUrl}${path.replace('{id}', 'x')}`, { method: method.toUpperCase(), ...body })).status]).toEqual([name, 401]);
    }
  });
});
