/** `Idempotency-Key`: the same key and body get the same answer, whatever happened to the first one on its way. */
import { hash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Kysely } from 'kysely';
import { typeid } from 'typeid-js';
import { claimIdempotencyKey, storeAnswer, type StoredAnswer } from '../../services/database/idempotency.ts';
import type { Database } from '../../services/database/schema.ts';
import { callerOf } from './caller.ts';
import { Refused } from './problems.ts';

/** A request under a key that has no answer yet. */
export interface IdempotentRun {
  readonly key: string;
  /** The id for what this request makes, e.g. `idFor('pay')`; the same for each repeat. */
  readonly idFor: (prefix: string) => string;
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
  interface FastifyContextConfig {
    /** The body is a file: see upload.ts. */
    upload?: true;
  }
}

const keyPattern = /^[\x21-\x7e]{1,255}$/;

/**
 * Hooks for every POST below `app`. A request without the header makes no database query here, nor does a route that
 * takes a file: its body is known only when it has been received, so `receiveFile` claims the key.
 */
export function addIdempotency(app: FastifyInstance, db: Kysely<Database>): void {
  app.decorateRequest('idempotency', undefined);
  app.decorateRequest('sentBody', undefined);

  app.addHook('preValidation', (request, _reply, done) => {
    if (request.method === 'POST' && request.routeOptions.config.upload !== true) {
      if (request.body === undefined) request.body = {};
      if (request.headers['idempotency-key'] !== undefined) request.sentBody = request.body;
    }
    done();
  });

  app.addHook('preHandler', async (request, reply) => {
    const key = idempotencyKeyOf(request);
    if (key === undefined || request.routeOptions.config.upload === true) return;
    const path = request.url.split('?', 1)[0] ?? '';
    await claimKey(db, request, reply, key, hash('sha256', `${request.method} ${path}\n${canonical(request.sentBody)}`));
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

/** @throws {Refused} `invalid_request`. @returns undefined where there is none, or none is looked at. */
export function idempotencyKeyOf(request: FastifyRequest): string | undefined {
  const header = request.headers['idempotency-key'];
  if (header === undefined || request.method !== 'POST') return undefined;
  if (typeof header === 'string' && keyPattern.test(header)) return header;
  throw new Refused('invalid_request', undefined, { errors: [{ path: 'Idempotency-Key', message: 'must be 1 to 255 visible ASCII characters' }] });
}

/**
 * Makes this request the one that counts under its key, or gives it the answer that the key has already.
 * @returns whether it has been answered.
 * @throws {Refused} `idempotency_key_reused`.
 */
export async function claimKey(db: Kysely<Database>, request: FastifyRequest, reply: FastifyReply, key: string, requestHash: string): Promise<boolean> {
  const outcome = await claimIdempotencyKey(db, { tenantId: callerOf(request).tenantId, key, requestHash, newId: typeid().toString() });
  switch (outcome.kind) {
    case 'reused':
      throw new Refused('idempotency_key_reused');
    case 'answered':
      await sendStored(reply, outcome.answer);
      return true;
    case 'first':
    case 'again':
      request.idempotency = { key, idFor: (prefix) => `${prefix}_${outcome.newId}`, updateId: `key-${hash('sha256', key)}`, again: outcome.kind === 'again' };
      return false;
  }
}

async function sendStored(reply: FastifyReply, { status, body, location }: StoredAnswer): Promise<void> {
  if (location !== undefined) reply.header('location', location);
  await reply.code(status).header('idempotent-replayed', 'true').type(status < 400 ? 'application/json; charset=utf-8' : 'application/problem+json').send(body);
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
