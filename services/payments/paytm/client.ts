/** Paytm's API: every request is a signed JSON body, every answer has `resultInfo`. */
import { z } from 'zod';
import { GatewayError } from '../gateway.ts';
import { call, retryAfterMs, unreadable, type Asked } from '../http.ts';
import { parsedJson } from '../notifications.ts';
import { rawMember } from './raw-json.ts';
import { isSigned, sign } from './signature.ts';

const resultSchema = z.object({ resultInfo: z.object({ resultStatus: z.string(), resultCode: z.coerce.string().default(''), resultMsg: z.string().nullish() }) });
const headSchema = z.object({ signature: z.string().nullish() });

/** Answers with one of these are only believed with a good signature, if they have one; see `unsure.ts`. */
const signedStatuses: ReadonlySet<string> = new Set(['S', 'PENDING', 'TXN_SUCCESS']);

export interface PaytmAccess {
  readonly apiBase: string;
  readonly mid: string;
  /** The first signs, any of them verifies. */
  readonly merchantKeys: readonly string[];
  readonly timeoutMs: number;
}

export interface PaytmAnswer {
  readonly status: string;
  readonly code: string;
  readonly message: string;
  /** Not checked yet, beyond `resultInfo`. */
  readonly body: unknown;
}

export interface PaytmClient {
  /** @throws {GatewayError} */
  post(asked: Asked, path: string, body: Readonly<Record<string, unknown>>): Promise<PaytmAnswer>;
}

export function createPaytmClient({ apiBase, merchantKeys, timeoutMs }: PaytmAccess): PaytmClient {
  const base = apiBase.replace(/\/+$/, '');
  const [signingKey] = merchantKeys;
  if (signingKey === undefined) throw new Error('Paytm needs a merchant key.');

  return {
    async post(asked, path, body) {
      const signed = JSON.stringify(body);
      const answer = await call('paytm', asked, {
        method: 'POST',
        url: `${base}${path}`,
        headers: { 'content-type': 'application/json', accept: 'application/json' },
        // The body goes out as the very text that was signed.
        body: `{"head":{"signature":${JSON.stringify(await sign(signed, signingKey))}},"body":${signed}}`,
        timeoutMs,
      });
      const { status, headers, text } = answer;
      if (status === 429) throw new GatewayError('paytm', 'busy', '429', 'Paytm is asked too much at once.', { retryAfterMs: retryAfterMs(headers.get('retry-after')) });
      if (status >= 500 || status === 408 || status === 409 || status < 200 || (status >= 300 && status < 400)) {
        throw new GatewayError('paytm', asked === 'change' ? 'unknown' : 'unavailable', String(status), `Paytm answered ${status}.`, { retryAfterMs: retryAfterMs(headers.get('retry-after')) });
      }
      if (status >= 400) throw new GatewayError('paytm', 'final', String(status), `Paytm refused the request with ${status}.`);
      return readAnswer(text, asked, merchantKeys);
    },
  };
}

/** @throws {GatewayError} when it is not readable or not Paytm's. */
function readAnswer(text: string, asked: Asked, keys: readonly string[]): PaytmAnswer {
  const rawBody = rawMember(text, 'body');
  if (rawBody === undefined) throw unreadable('paytm', asked, 'the answer has no body.');
  const body = parsedJson(rawBody);
  const read = resultSchema.safeParse(body);
  if (!read.success) throw unreadable('paytm', asked, 'the answer has no result.');
  const { resultStatus: status, resultCode: code, resultMsg } = read.data.resultInfo;
  const head = headSchema.safeParse(parsedJson(rawMember(text, 'head') ?? ''));
  const signature = head.success ? head.data.signature : undefined;
  if (signature != null && signature !== '' && signedStatuses.has(status) && !isSigned(rawBody, signature, keys)) {
    throw unreadable('paytm', asked, 'the signature of the answer is not right.');
  }
  return { status, code, message: (resultMsg ?? '').slice(0, 300), body };
}
