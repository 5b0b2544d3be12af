/** The HTTP API over the typed client and the database. */
import { randomUUID } from 'node:crypto';
import helmet from '@fastify/helmet';
import Fastify, { LogController, type FastifyBaseLogger, type FastifyInstance } from 'fastify';
import { bookingRoutes } from './bookings/index.ts';
import type { ApiDependencies } from './dependencies.ts';
import { flowRoutes } from './flows.ts';
import { acceptJsonOnly } from './http/body.ts';
import { createDoorkeeper } from './http/caller.ts';
import { addIdempotency } from './http/idempotency.ts';
import { observeRequests } from './http/observe.ts';
import { describeGuardedRoutes, serveOpenApi } from './http/openapi.ts';
import { createNotFoundHandler } from './http/paths.ts';
import { Refused, sendProblem } from './http/problems.ts';
import { createRateLimit } from './http/rate-limit.ts';
import { answerSocketError } from './http/socket-errors.ts';
import { notificationRoutes } from './notifications.ts';
import { machineRoutes } from './operations.ts';
import { resourceRoutes } from './resources.ts';

export type { ApiDependencies } from './dependencies.ts';

const maxBodyBytes = 256 * 1024;
/** 64 characters of four bytes each, percent-encoded, and the flow's name. */
const maxPathParameter = 1_000;
/** Long enough for anybody's connection, too short to hold many open by sending slowly. */
const requestArrivalMs = 15_000;
const headersArrivalMs = 10_000;
/** Above the idle time of common load balancers (60 s), so that they close a connection first. */
const keepAliveMs = 65_000;

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
    requestTimeout: requestArrivalMs,
    http: { headersTimeout: headersArrivalMs },
    keepAliveTimeout: keepAliveMs,
    forceCloseConnections: 'idle',
    // While it stops, what arrives on an open connection is still answered, as a problem or not.
    return503OnClosing: false,
    routerOptions: { maxParamLength: maxPathParameter },
    frameworkErrors: (error, request, reply) => void sendProblem(error, request, reply),
    clientErrorHandler: (error, socket) => answerSocketError(error, socket, newRequestId()),
  });
  // A logger of its own for each request costs more than the few lines that use it.
  app.setChildLoggerFactory((parent) => parent);
  app.decorateRequest('caller', undefined);
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id);
    done();
  });
  // The API itself sends no page; the one that shows the document has a policy of its own.
  app.register(helmet, { contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } } });
  acceptJsonOnly(app);
  app.setErrorHandler((error, request, reply) => sendProblem(error, request, reply));
  const metrics = observeRequests(app, dependencies.logger);
  const notFound = createNotFoundHandler(app);
  app.setNotFoundHandler(notFound);

  serveOpenApi(app);
  app.register((root, _options, done) => {
    machineRoutes(root, dependencies, metrics);
    root.get('/', { schema: { hide: true } }, async (_request, reply) => await reply.redirect('/docs'));
    done();
  });
  app.register(
    (guarded, _options, done) => {
      guard(guarded, dependencies);
      guarded.setNotFoundHandler(notFound);
      for (const routes of [bookingRoutes, resourceRoutes, flowRoutes, notificationRoutes]) guarded.register(routes(dependencies));
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
