/** `Idempotency-Key`: the same key and body get the same answer, whatever happened to the first one on its way. */
import { hash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Kysely } from 'kysely';
import { newBookingId } from '../../client/index.ts';
import { claimIdempotencyKey, storeAnswer } from '../../services/database/idempotency.ts';
import type { Database } from '../../services/database/schema.ts';
import { callerOf } from './caller.ts';
import { Refused } from './problems.ts';

/** A request under a key that has no answer yet. */
export interface IdempotentRun {
  readonly key: string;
  /** The id for a booking that this request makes; the same for each repeat. */
  readonly bookingId: string;
  /** The id for an update that this request sends; the same for each repeat. */
  readonly updateId: string;
  /** An earlier try got lost, so what it did may be there already: only the flow can tell. */
  readonly again: boolean;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Absent without the header. */
    idempotency: IdempotentRun | undefined;
    /** The body as it was sent: defaults that a later version adds must not make it another request. */
    sentBody: unknown;
  }
}

const keyPattern = /^[\x21-\x7e]{1,255}$/;

/** Hooks for every POST below `app`. A request without the header makes no database query here. */
export function addIdempotency(app: FastifyInstance, db: Kysely<Database>): void {
  app.decorateRequest('idempotency', undefined);
  app.decorateRequest('sentBody', undefined);

  app.addHook('preValidation', (request, _reply, done) => {
    if (request.method === 'POST') {
      if (request.body === undefined) request.body = {};
      if (request.headers['idempotency-key'] !== undefined) request.sentBody = request.body;
    }
    done();
  });

  app.addHook('preHandler', async (request, reply) => {
    const key = request.headers['idempotency-key'];
    if (key === undefined || request.method !== 'POST') return;
    await resolve(db, request, reply, key);
  });

  app.addHook('onSend', async (request, reply, payload) => {
    if (request.idempotency === undefined || typeof payload !== 'string' || !isFinal(reply.statusCode)) return;
    const location = reply.getHeader('location');
    const answer = { status: reply.statusCode, body: payload, ...(typeof location === 'string' && { location }) };
    try {
      await storeAnswer(db, callerOf(request).tenantId, request.idempotency.key, answer);
    } catch (error) {
      // The work is done and the caller should know; a repeat then runs again, which is safe.
      request.log.warn({ requestId: request.id, reason: error instanceof Error ? error.message : 'unknown' }, 'an answer could not be kept for its idempotency key');
    }
  });
}

async function resolve(db: Kysely<Database>, request: FastifyRequest, reply: FastifyReply, header: string | string[]): Promise<void> {
  const { tenantId } = callerOf(request);
  if (typeof header !== 'string' || !keyPattern.test(header)) {
    throw new Refused('invalid_request', undefined, { errors: [{ path: 'Idempotency-Key', message: 'must be 1 to 255 visible ASCII characters' }] });
  }
  const path = request.url.split('?', 1)[0] ?? '';
  const requestHash = hash('sha256', `${request.method} ${path}\n${canonical(request.sentBody)}`);
  const outcome = await claimIdempotencyKey(db, { tenantId, key: header, requestHash, bookingId: newBookingId() });
  switch (outcome.kind) {
    case 'reused':
      throw new Refused('idempotency_key_reused');
    case 'answered': {
      const { status, body, location } = outcome.answer;
      if (location !== undefined) reply.header('location', location);
      await reply.code(status).header('idempotent-replayed', 'true').type(status < 400 ? 'application/json; charset=utf-8' : 'application/problem+json').send(body);
      return;
    }
    case 'first':
    case 'again':
      request.idempotency = { key: header, bookingId: outcome.bookingId, updateId: `key-${hash('sha256', header)}`, again: outcome.kind === 'again' };
  }
}

/** What a repeat would be told too. Not: who are you, not so fast, and something is broken here. */
const isFinal = (status: number): boolean => status < 500 && status !== 401 && status !== 429;

/** The same text for the same value, whatever order its fields came in. Bodies are checked by now, so they are shallow. */
export function canonical(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  const fields = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([name, inner]) => `${JSON.stringify(name)}:${canonical(inner)}`).join(',')}}`;
}
