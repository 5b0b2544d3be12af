/** The OpenAPI 3.1 document, generated from the same zod schemas that check the requests, and the page that shows it. */
import swagger, { type SwaggerTransformObject } from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { z, type ZodType } from 'zod';
import { bookingView, unmadeBooking } from '../../contracts/bookings/schemas.ts';
import { exportView } from '../../contracts/exports/schemas.ts';
import { failures, type FailureCode } from '../../contracts/failures.ts';
import { flowView } from '../../contracts/flows.ts';
import { datasetSummary, datasetView } from '../../contracts/datasets.ts';
import { importView } from '../../contracts/imports/schemas.ts';
import { invoiceView } from '../../contracts/invoices/schemas.ts';
import { notificationView } from '../../contracts/notifications.ts';
import { orderView } from '../../contracts/orders/schemas.ts';
import { problem } from '../../contracts/problems.ts';
import { basketView, inventoryStatistics, productView, sellerBalance } from '../../contracts/products.ts';
import { purchaseView } from '../../contracts/purchases/schemas.ts';
import { productImage, uploadSummary, uploadView } from '../../contracts/uploads/schemas.ts';
import { resourceView } from '../../contracts/resources.ts';
import { shopView } from '../../contracts/shop.ts';

const components = { Booking: bookingView, UnmadeBooking: unmadeBooking, Flow: flowView, Notification: notificationView, Resource: resourceView, Order: orderView, Invoice: invoiceView, Export: exportView, Import: importView, DatasetSummary: datasetSummary, Dataset: datasetView, Shop: shopView, Product: productView, ProductImage: productImage, Upload: uploadView, UploadSummary: uploadSummary, Basket: basketView, Purchase: purchaseView, SellerBalance: sellerBalance, InventoryStatistics: inventoryStatistics, Problem: problem };
for (const [id, schema] of Object.entries(components)) z.globalRegistry.add(schema, { id });

/** Any guarded call can end like this; one with a body like these too; and one that takes an Idempotency-Key. */
const everywhere: readonly FailureCode[] = ['unauthorized', 'malformed_request', 'invalid_request', 'rate_limited', 'internal_error', 'database_unavailable'];
const withBody: readonly FailureCode[] = [...everywhere, 'invalid_json', 'invalid_utf8', 'payload_too_large', 'unsupported_media_type'];
const ofMethod = { GET: everywhere, PUT: withBody, POST: [...withBody, 'idempotency_key_reused'] } as const satisfies Record<string, readonly FailureCode[]>;

/**
 * The `response` part of a route's schema.
 * @param good what the route answers when all is well, by status.
 * @param codes what it may refuse beside what every call of its method may; shown under their status.
 */
export function answers<Good extends Readonly<Record<number, ZodType>>>(method: keyof typeof ofMethod, good: Good, codes: readonly FailureCode[]): Good {
  return { ...problemResponses([...codes, ...ofMethod[method]]), ...good };
}

/** Text in the document; a stream in the code. */
const csvText: ZodType = z.string();
/** A file in place of JSON. */
export const csvAnswer = { description: 'The file, in UTF-8', content: { 'text/csv': { schema: csvText } } };

function problemResponses(codes: readonly FailureCode[]): Record<number, object> {
  const byStatus = Map.groupBy(new Set(codes), (code) => failures[code].status);
  return Object.fromEntries(
    [...byStatus].map(([status, group]) => {
      const description = group.map((code) => `\`${code}\`: ${failures[code].meaning}`).join('\n\n');
      return [status, { description, content: { 'application/problem+json': { schema: problem } } }];
    }),
  );
}

const idempotencyHeaders = z.object({
  'idempotency-key': z
    .string()
    .min(1)
    .max(255)
    .optional()
    .describe('Same key and same body: the first answer again, with `Idempotent-Replayed: true`. Same key, other body: 422. Kept for a week. Visible ASCII.'),
});

/** Adds to every route below `app` what all of them share: the key, and the Idempotency-Key of a POST. */
export function describeGuardedRoutes(app: FastifyInstance): void {
  app.addHook('onRoute', (route) => {
    route.schema = { ...route.schema, security: [{ bearer: [] }], ...(route.method === 'POST' && { headers: idempotencyHeaders }) };
  });
}

const about = `Bookings as durable flows. Every list is \`{items, nextCursor?}\`; every error is an RFC 9457 problem whose \`code\` is stable.

| code | status | same call may succeed later | meaning |
|---|---|---|---|
${Object.entries(failures)
  .map(([code, { status, retryable, meaning }]) => `| \`${code}\` | ${status} | ${retryable ? 'yes' : 'no'} | ${meaning} |`)
  .join('\n')}`;

/** Swagger UI brings its own files, so the page works offline; it sets styles in elements and shows images from data. */
const pagePolicy = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'";

const field = (value: unknown, name: string): unknown => (typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined);

/**
 * Corrects what the plugins cannot know: one describes each component as it is sent and as it is received, but ours
 * are only ever sent; the other calls every body required, but where no field is needed an empty one will do. What is
 * good about an answer it calls "Default Response".
 */
const correctDocument: SwaggerTransformObject = (source) => {
  const document = jsonSchemaTransformObject(source);
  const schemas = field(field(document, 'components'), 'schemas');
  if (typeof schemas === 'object' && schemas !== null) for (const id of Object.keys(components)) Reflect.deleteProperty(schemas, `${id}Input`);
  for (const path of Object.values(document.paths ?? {})) {
    for (const method of ['get', 'put', 'post']) nameAnswers(field(field(path, method), 'responses'));
    const body = field(field(path, 'post'), 'requestBody');
    const schema = field(field(field(body, 'content'), 'application/json'), 'schema');
    if (typeof body === 'object' && body !== null && field(schema, 'required') === undefined) Reflect.set(body, 'required', false);
  }
  return document;
};

const answerNames: Readonly<Record<string, string>> = { 200: 'Done, or as it is', 201: 'Made', 202: 'Accepted: this is how it stands now' };

function nameAnswers(responses: unknown): void {
  for (const [status, name] of Object.entries(answerNames)) {
    const answer = field(responses, status);
    if (typeof answer === 'object' && answer !== null) Reflect.set(answer, 'description', name);
  }
}

/** Must be called on the root, before the routes it describes are registered. */
export function serveOpenApi(app: FastifyInstance): void {
  app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Holdfast', version: '0.1.0', description: about },
      // Relative, so that the document is true behind any host name.
      servers: [{ url: '/' }],
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer', description: 'An API key of your tenant.' } } },
    },
    transform: jsonSchemaTransform,
    transformObject: correctDocument,
  });
  app.register(swaggerUi, { routePrefix: '/docs', staticCSP: pagePolicy, theme: { title: 'Holdfast API' }, uiConfig: { deepLinking: true } });
  let document: string | undefined;
  app.get('/openapi.json', { schema: { hide: true } }, async (_request, reply) => {
    document ??= JSON.stringify(app.swagger());
    return await reply.type('application/json; charset=utf-8').send(document);
  });
}
