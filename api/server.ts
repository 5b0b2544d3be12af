/** The HTTP API over the typed client and the database. */
import { randomUUID } from 'node:crypto';
import helmet from '@fastify/helmet';
import Fastify, { LogController, type FastifyBaseLogger, type FastifyInstance } from 'fastify';
import { bookingRoutes } from './bookings/index.ts';
import { basketRoutes } from './baskets.ts';
import { datasetRoutes } from './datasets.ts';
import type { ApiDependencies } from './dependencies.ts';
import { downloadRoutes } from './downloads.ts';
import { exportRoutes } from './exports.ts';
import { fileRoutes } from './files.ts';
import { flowRoutes } from './flows.ts';
import { limitArrivals } from './http/arrival.ts';
import { acceptJsonOnly } from './http/body.ts';
import { createDoorkeeper } from './http/caller.ts';
import { addIdempotency } from './http/idempotency.ts';
import { observeRequests } from './http/observe.ts';
import { describeGuardedRoutes, serveOpenApi } from './http/openapi.ts';
import { createNotFoundHandler } from './http/paths.ts';
import { Refused, sendProblem } from './http/problems.ts';
import { createRateLimit } from './http/rate-limit.ts';
import { answerSocketError } from './http/socket-errors.ts';
import { importRoutes } from './imports/index.ts';
import { inventoryRoutes } from './inventory.ts';
import { invoiceRoutes } from './invoices.ts';
import { notificationRoutes } from './notifications.ts';
import { machineRoutes } from './operations.ts';
import { paymentRoutes } from './payments/index.ts';
import { orderRoutes } from './orders.ts';
import { paymentReturnRoutes } from './payment-return.ts';
import { paytmPageRoutes } from './paytm-page.ts';
import { productRoutes } from './products.ts';
import { purchaseRoutes } from './purchases.ts';
import { reconciliationRoutes } from './reconciliation.ts';
import { resourceRoutes } from './resources.ts';
import { shopRoutes } from './shop.ts';
import { uploadRoutes } from './uploads/index.ts';
import { webRoutes } from './web.ts';
import { gatewayWebhookRoutes, receivedWebhookRoutes } from './webhooks.ts';

export type { ApiDependencies } from './dependencies.ts';

const maxBodyBytes = 256 * 1024;
/** 64 characters of four bytes each, percent-encoded, and the flow's name. */
const maxPathParameter = 1_000;
const headersArrivalMs = 10_000;
/** Above the idle time of common load balancers (60 s), so that they close a connection first. */
const keepAliveMs = 65_000;

/** As Node calls it. */
const slow = (): Error => Object.assign(new Error('The request did not arrive in time.'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' });

const newRequestId = (): string => `req_${randomUUID()}`;

/** Builds the API; nothing listens yet. `inject` works on it, and `listen` opens the port. */
export function buildServer(dependencies: ApiDependencies): FastifyInstance {
  const logger: FastifyBaseLogger = dependencies.logger;
  const app = Fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: newRequestId,
    requestIdHeader: false,
    trustProxy: false,
    bodyLimit: maxBodyBytes,
    http: { headersTimeout: headersArrivalMs },
    keepAliveTimeout: keepAliveMs,
    forceCloseConnections: 'idle',
    // While it stops, what arrives on an open connection is still answered, as a problem or not.
    return503OnClosing: false,
    routerOptions: { maxParamLength: maxPathParameter },
    // No hook runs for these, so nothing limits how long their bodies may take.
    frameworkErrors: (error, request, reply) => void sendProblem(error, request, reply.header('connection', 'close')),
    clientErrorHandler: (error, socket) => answerSocketError(error, socket, newRequestId()),
  });
  // A logger of its own for each request costs more than the few lines that use it.
  app.setChildLoggerFactory((parent) => parent);
  app.decorateRequest('caller', undefined);
  limitArrivals(app, (socket) => answerSocketError(slow(), socket, newRequestId()), dependencies.arrivalLimits);
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id);
    done();
  });
  // Answers of the API are no pages; the two that are have policies of their own.
  app.register(helmet, { contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } } });
  acceptJsonOnly(app);
  app.setErrorHandler((error, request, reply) => sendProblem(error, request, reply));
  const metrics = observeRequests(app, dependencies.logger);
  const notFound = createNotFoundHandler(app);
  app.setNotFoundHandler(notFound);

  serveOpenApi(app);
  app.register((root, _options, done) => {
    machineRoutes(root, dependencies, metrics);
    fileRoutes(root, dependencies);
    downloadRoutes(root, dependencies);
    webRoutes(root);
    done();
  });
  // Gateways and payers have no key.
  for (const routes of [gatewayWebhookRoutes, paymentReturnRoutes, paytmPageRoutes]) app.register(routes(dependencies), { prefix: '/v1' });
  app.register(
    (guarded, _options, done) => {
      guard(guarded, dependencies);
      guarded.setNotFoundHandler(notFound);
      for (const routes of [bookingRoutes, paymentRoutes, orderRoutes, resourceRoutes, flowRoutes, notificationRoutes, receivedWebhookRoutes, reconciliationRoutes, invoiceRoutes, exportRoutes, shopRoutes, productRoutes, basketRoutes, purchaseRoutes, inventoryRoutes, uploadRoutes, importRoutes, datasetRoutes]) guarded.register(routes(dependencies));
      done();
    },
    { prefix: '/v1' },
  );
  return app;
}

/** Whoever has no key is counted by address, so that keys cannot be guessed at speed. */
function guard(app: FastifyInstance, { databases, temporal, apiKeys, rateLimitPerMinute }: ApiDependencies): void {
  const whoIs = createDoorkeeper(apiKeys, (tenantId) => temporal.forTenant(tenantId));
  const limit = createRateLimit(databases.write, rateLimitPerMinute);
  app.addHook('onRequest', async (request, reply) => {
    const caller = whoIs(request.headers.authorization);
    if (limit !== undefined) await limit(caller?.limitKey ?? `ip:${request.ip}`, reply);
    if (caller === undefined) throw new Refused('unauthorized');
    request.caller = caller;
  });
  describeGuardedRoutes(app);
  addIdempotency(app, databases.write);
}
