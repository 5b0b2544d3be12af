/** Who is asking: an API key belongs to a tenant. */
import { createHmac, hash, randomBytes } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { Holdfast } from '../../client/index.ts';
import { Refused } from './problems.ts';

export interface ApiKey {
  readonly tenantId: string;
  readonly key: string;
}

export interface Caller {
  readonly tenantId: string;
  readonly holdfast: Holdfast;
  /** What requests are counted by: the same in every API process, and no secret. */
  readonly limitKey: string;
}

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller | undefined;
  }
}

/** @returns who the `Authorization` header speaks for, if anybody. */
export type Doorkeeper = (authorization: string | undefined) => Caller | undefined;

const bearer = /^Bearer +(\S+)$/i;

/**
 * The keys themselves are not kept. A key is looked up by its HMAC under a secret of this process, so the time that a
 * lookup takes says nothing about any key.
 */
export function createDoorkeeper(apiKeys: readonly ApiKey[], forTenant: (tenantId: string) => Holdfast): Doorkeeper {
  const secret = randomBytes(32);
  const digest = (key: string): string => createHmac('sha256', secret).update(key).digest('base64');
  const callers = new Map<string, Caller>();
  for (const { tenantId, key } of apiKeys) {
    callers.set(digest(key), { tenantId, holdfast: forTenant(tenantId), limitKey: `key:${hash('sha256', key)}` });
  }
  return (authorization) => {
    const key = bearer.exec(authorization ?? '')?.[1];
    return key === undefined ? undefined : callers.get(digest(key));
  };
}

/** @throws {Refused} `unauthorized`: a route outside the guarded ones has no caller. */
export function callerOf(request: FastifyRequest): Caller {
  if (request.caller === undefined) throw new Refused('unauthorized');
  return request.caller;
}
