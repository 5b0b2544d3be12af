/** What no party has: the journal of what was executed, faults, and settings. For tests and people on this machine. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { autoPay } from './config.ts';
import { json, rawBody, send } from './core/answers.ts';
import { parseJson } from './core/decisions.ts';
import { fault } from './core/faults.ts';
import type { Core } from './core/index.ts';
import { journalQuery } from './core/journal.ts';
import type { Party } from './core/parties.ts';

const seed = z.union([z.string().min(1).max(100), z.number()]).transform(String);
const settings = z.strictObject({ autoPay: autoPay.nullable() });

const faultsWish = z.strictObject({ seed: seed.optional(), faults: z.array(fault).default([]) });
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** A fault, a list of them, or `{seed?, faults?}`; below a party's own path they are that party's. */
function readFaults(body: unknown, of: Party | undefined) {
  const wish = Array.isArray(body) ? { faults: body } : isObject(body) && 'kind' in body ? { faults: [body] } : body;
  const ofParty = (one: unknown): unknown => (of !== undefined && isObject(one) ? { party: of, ...one } : one);
  return faultsWish.safeParse(isObject(wish) && Array.isArray(wish['faults']) ? { ...wish, faults: wish['faults'].map(ofParty) } : wish);
}

export function controlRoutes(app: FastifyInstance, core: Core, of: Party | undefined): void {
  const prefix = of === undefined ? '' : `/${of}`;
  const wrong = async (request: FastifyRequest, reply: FastifyReply, error: z.ZodError) => await send(request, reply, json(400, { error: z.prettifyError(error) }));

  app.get(`${prefix}/_journal`, async (request, reply) => {
    const query = journalQuery.safeParse(request.query);
    if (!query.success) return await wrong(request, reply, query.error);
    return await send(request, reply, json(200, core.journal.read({ ...query.data, ...(of !== undefined && { party: of }) })));
  });

  app.get(`${prefix}/_faults`, async (request, reply) => await send(request, reply, json(200, core.faults.list(of))));
  app.post(`${prefix}/_faults`, async (request, reply) => {
    const body = readFaults(parseJson(rawBody(request)), of);
    if (!body.success) return await wrong(request, reply, body.error);
    if (body.data.seed !== undefined) core.faults.reseed(body.data.seed);
    core.faults.add(body.data.faults);
    return await send(request, reply, json(201, core.faults.list(of)));
  });
  app.delete(`${prefix}/_faults`, async (request, reply) => await send(request, reply, json(200, { removed: core.faults.clear(of) })));

  if (of !== undefined) return;
  app.get('/_webhooks', async (request, reply) => await send(request, reply, json(200, core.courier.counts)));
  app.get('/_settings', async (request, reply) => await send(request, reply, json(200, { autoPay: core.settings.autoPay ?? null })));
  app.post('/_settings', async (request, reply) => {
    const body = settings.safeParse(parseJson(rawBody(request)));
    if (!body.success) return await wrong(request, reply, body.error);
    core.settings.autoPay = body.data.autoPay ?? undefined;
    return await send(request, reply, json(200, { autoPay: core.settings.autoPay ?? null }));
  });
}
