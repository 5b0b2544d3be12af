/** For machines: is it alive, can it serve, how does it do. */
import type { FastifyInstance } from 'fastify';
import { sql } from 'kysely';
import type { Registry } from 'prom-client';
import type { ApiDependencies } from './dependencies.ts';
import { Refused, sendProblem } from './http/problems.ts';

const checkTimeoutMs = 2_000;

export function machineRoutes(app: FastifyInstance, { databases, temporal, logger }: ApiDependencies, metrics: Registry): void {
  const hidden = { schema: { hide: true } };

  app.get('/health', hidden, async (_request, reply) => await reply.send({ status: 'alive' }));

  app.get('/ready', hidden, async (request, reply) => {
    const [database, flows] = await Promise.all([
      answersInTime(async () => void (await sql`SELECT FROM tenants LIMIT 1`.execute(databases.write))),
      answersInTime(async () => await temporal.check(checkTimeoutMs)),
    ]);
    const checks = { database: database === undefined ? 'ok' : 'unavailable', temporal: flows === undefined ? 'ok' : 'unavailable' };
    if (database === undefined && flows === undefined) return await reply.send({ status: 'ready', checks });
    logger.debug({ checks, database, temporal: flows }, 'not ready');
    return await sendProblem(new Refused(database === undefined ? 'temporal_unavailable' : 'database_unavailable'), request, reply, { checks });
  });

  app.get('/metrics', hidden, async (_request, reply) => await reply.type(metrics.contentType).send(await metrics.metrics()));
}

/** @returns why not, or nothing. */
async function answersInTime(check: () => Promise<void>): Promise<string | undefined> {
  const timer = Promise.withResolvers<string>();
  const timeout = setTimeout(() => timer.resolve('no answer in time'), checkTimeoutMs);
  try {
    return await Promise.race([check().then(() => undefined, (error: unknown) => (error instanceof Error ? error.message : 'unknown')), timer.promise]);
  } finally {
    clearTimeout(timeout);
  }
}
