/** GoPay's REST API, version 3: its token, kept while it is valid, and its calls. */
import { z } from 'zod';
import { rowOf } from '../failures.ts';
import { GatewayError } from '../gateway.ts';
import { call, retryAfterMs, unreadable, type Asked, type HttpAnswer } from '../http.ts';
import { parsedJson } from '../notifications.ts';
import { refusals } from './failures.ts';

/** A token is given up this much before it ends. */
const tokenMarginMs = 60_000;

const tokenSchema = z.object({ access_token: z.string().min(1), expires_in: z.number().positive() });
const errorsSchema = z.object({ errors: z.array(z.object({ field: z.string().nullish(), error_code: z.number().nullish(), error_name: z.string().nullish(), message: z.string().nullish() })).min(1) });

export interface GopayAccess {
  /** Ends in `/api`, e.g. `https://gate.gopay.cz/api`. */
  readonly apiBase: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly timeoutMs: number;
}

export interface Body {
  readonly type: 'json' | 'form';
  readonly text: string;
}

/** A refusal whose name says that the state of the payment is the answer. */
export class StateRefusal extends GatewayError {}

export interface GopayClient {
  get(path: string): Promise<unknown>;
  /** A change. @throws {StateRefusal} when it does not fit the state. @throws {GatewayError} */
  post(path: string, body: Body): Promise<unknown>;
}

export function createGopayClient({ apiBase, clientId, clientSecret, timeoutMs }: GopayAccess): GopayClient {
  const base = apiBase.replace(/\/+$/, '');
  let kept: { token: string; untilMs: number } | undefined;
  let coming: Promise<string> | undefined;

  const fetchToken = async (): Promise<string> => {
    const requestedMs = Date.now();
    // Nothing of the payment is sent yet, so this is a question whatever it is needed for.
    const answer = await call('gopay', 'question', {
      method: 'POST',
      url: `${base}/oauth2/token`,
      headers: {
        authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`,
        'content-type': 'application/x-www-form-urlencoded',
        accept: 'application/json',
      },
      body: 'grant_type=client_credentials&scope=payment-all',
      timeoutMs,
    });
    if (answer.status !== 200) throw refusal(answer, 'question');
    const read = tokenSchema.safeParse(parsedJson(answer.text));
    if (!read.success) throw unreadable('gopay', 'question', 'the token is not readable.');
    kept = { token: read.data.access_token, untilMs: requestedMs + read.data.expires_in * 1_000 - tokenMarginMs };
    return kept.token;
  };
  /** Callers at the same time share one request. */
  const token = async (): Promise<string> => {
    if (kept !== undefined && kept.untilMs > Date.now()) return kept.token;
    coming ??= fetchToken().finally(() => { coming = undefined; });
    return await coming;
  };

  const send = async (asked: Asked, path: string, body?: Body): Promise<unknown> => {
    const attempt = async (bearer: string): Promise<HttpAnswer> =>
      await call('gopay', asked, {
        method: body === undefined ? 'GET' : 'POST',
        url: `${base}${path}`,
        headers: {
          authorization: `Bearer ${bearer}`,
          accept: 'application/json',
          ...(body !== undefined && { 'content-type': body.type === 'json' ? 'application/json' : 'application/x-www-form-urlencoded' }),
        },
        ...(body !== undefined && { body: body.text }),
        timeoutMs,
      });
    const used = await token();
    let answer = await attempt(used);
    // Not let in, so nothing was done. Renewed once; a second refusal is about the account.
    if (answer.status === 401) {
      if (kept?.token === used) kept = undefined;
      answer = await attempt(await token());
    }
    if (answer.status < 200 || answer.status > 299) throw refusal(answer, asked);
    const parsed = parsedJson(answer.text);
    if (typeof parsed !== 'object' || parsed === null) throw unreadable('gopay', asked, 'the answer is no JSON.');
    return parsed;
  };

  return {
    get: async (path) => await send('question', path),
    post: async (path, body) => await send('change', path, body),
  };
}

function refusal({ status, headers, text }: HttpAnswer, asked: Asked): GatewayError {
  const read = errorsSchema.safeParse(parsedJson(text));
  const first = read.success ? read.data.errors[0] : undefined;
  const code = first?.error_name ?? (first?.error_code == null ? String(status) : String(first.error_code));
  const waitMs = retryAfterMs(headers.get('retry-after'));
  if (rowOf(refusals, first?.error_name)?.treat === 'state') return new StateRefusal('gopay', 'final', code, `GoPay refused the request: ${code}.`);
  if (status === 429) return new GatewayError('gopay', 'busy', code, 'GoPay is asked too much at once.', { retryAfterMs: waitMs });
  // 408 and 409 say that another request, or half of this one, is there. Below 400 it is not GoPay's answer at all.
  if (status >= 500 || status === 408 || status === 409 || status < 400) {
    return new GatewayError('gopay', asked === 'change' ? 'unknown' : 'unavailable', code, `GoPay answered ${status}.`, { retryAfterMs: waitMs });
  }
  const field = first?.field == null ? '' : ` (${first.field.slice(0, 60)})`;
  return new GatewayError('gopay', 'final', code, `GoPay refused the request: ${code}${field}.`);
}
