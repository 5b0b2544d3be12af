/** OAuth: tokens carry their own scope and end, signed with the client's secret, so they outlive a restart. */
import { createHmac, randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { GopayConfig } from '../config.ts';
import { sameSecret } from '../core/ids.ts';
import { parseJson } from '../core/decisions.ts';
import { GopayRefusal } from './errors.ts';

export const scope = z.enum(['payment-create', 'payment-all']);
export type Scope = z.infer<typeof scope>;

const claims = z.object({ scope, untilMs: z.number() });

export function createTokens({ clientId, clientSecret, tokenLifeMs }: GopayConfig) {
  const mac = (text: string): string => createHmac('sha256', clientSecret).update(text).digest('base64url');

  return {
    issue(granted: Scope) {
      const text = Buffer.from(JSON.stringify({ scope: granted, untilMs: Date.now() + tokenLifeMs, nonce: randomBytes(6).toString('hex') })).toString('base64url');
      return { token_type: 'bearer', access_token: `${text}.${mac(text)}`, refresh_token: randomBytes(24).toString('base64url'), expires_in: Math.floor(tokenLifeMs / 1_000) };
    },

    /** @throws {GopayRefusal} */
    checkClient(authorization: string | undefined): void {
      const credentials = /^Basic +(\S+)$/i.exec(authorization ?? '')?.[1] ?? '';
      if (!sameSecret(Buffer.from(credentials, 'base64').toString('utf8'), `${clientId}:${clientSecret}`)) throw new GopayRefusal('AUTH_WRONG_CREDENTIALS');
    },

    /** @throws {GopayRefusal} */
    check(authorization: string | undefined, needed: Scope): void {
      const [text = '', signature = ''] = (/^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1] ?? '').split('.');
      if (!sameSecret(signature, mac(text))) throw new GopayRefusal('AUTH_WRONG_CREDENTIALS');
      const claim = claims.safeParse(parseJson(Buffer.from(text, 'base64url').toString('utf8')));
      if (!claim.success || claim.data.untilMs <= Date.now()) throw new GopayRefusal('AUTH_WRONG_CREDENTIALS');
      if (needed === 'payment-all' && claim.data.scope !== 'payment-all') throw new GopayRefusal('AUTH_ACCESS_DENIED');
    },
  };
}
