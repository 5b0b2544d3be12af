/** The sandbox: Stripe, GoPay and Paytm on one port, with one journal. */
import type { AddressInfo } from 'node:net';
import Fastify, { type FastifyInstance } from 'fastify';
import { sandboxConfig, type SandboxConfig } from './config.ts';
import { json, send } from './core/answers.ts';
import { createCore } from './core/index.ts';
import { party } from './core/parties.ts';
import { controlRoutes } from './control.ts';
import { gopayRoutes } from './gopay/index.ts';
import { paytmRoutes } from './paytm/index.ts';
import { stripeRoutes } from './stripe/index.ts';

/** Whoever reaches it can move all the (play) money and order faults, so nobody else's machine may. */
const host = '127.0.0.1';
const maxBodyBytes = 256 * 1024;

export interface Sandbox {
  readonly app: FastifyInstance;
  readonly config: SandboxConfig;
  /** @returns its address, without a slash at the end. */
  listen(): Promise<string>;
  close(): Promise<void>;
}

/** Builds the sandbox; nothing listens yet. @throws {z.ZodError} for a wrong config. */
export function buildSandbox(input: unknown): Sandbox {
  const config = sandboxConfig.parse(input);
  const app = Fastify({ logger: false, bodyLimit: maxBodyBytes, forceCloseConnections: true, routerOptions: { maxParamLength: 1_000 } });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<string>('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));

  const localUrl = (): string => {
    const address: AddressInfo | string | null = app.server.address();
    return address === null || typeof address === 'string' ? `http://${host}:${config.port}` : `http://${host}:${address.port}`;
  };
  const core = createCore(config, () => config.publicUrl ?? localUrl());

  // The payers' pages are all that a browser shows; their forms lead to the shop, wherever that is.
  app.addHook('onRequest', (_request, reply, done) => {
    reply.header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'").header('x-content-type-options', 'nosniff').header('referrer-policy', 'no-referrer').header('cache-control', 'no-store');
    done();
  });
  app.setNotFoundHandler(async (request, reply) => await send(request, reply, json(404, { error: 'not found' })));

  for (const of of [undefined, ...party.options]) controlRoutes(app, core, of);
  if (config.stripe !== undefined) stripeRoutes(app, core, config.stripe);
  if (config.gopay !== undefined) gopayRoutes(app, core, config.gopay);
  if (config.paytm !== undefined) paytmRoutes(app, core, config.paytm);

  return {
    app,
    config,
    listen: async () => {
      await app.listen({ host, port: config.port });
      core.courier.resume();
      return localUrl();
    },
    close: async () => {
      core.timers.close();
      core.courier.close();
      await app.close();
      core.store.close();
    },
  };
}
