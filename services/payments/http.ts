/**
 * One HTTP call to a gateway: timed, its answer capped, no redirect followed (a redirect would carry the secret to
 * another host), nothing repeated. What went wrong is told by whether the request can have arrived.
 */
import type { GatewayName } from '../../contracts/payments/flow.ts';
import { GatewayError } from './gateway.ts';

/** How long a gateway may take, if its options do not say otherwise. Stripe's own library would wait 80 s. */
export const defaultTimeoutMs = 20_000;

/** A page of 100 payments is a few hundred kilobytes. */
const maxAnswerBytes = 1_048_576;

/** `change`: it may move money. `question`: it changes nothing, so that it may always be repeated. */
export type Asked = 'change' | 'question';

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly timeoutMs: number;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** @throws {GatewayError} when there is no answer. */
export async function call(gateway: GatewayName, asked: Asked, request: HttpRequest): Promise<HttpAnswer> {
  const { method, headers, body, timeoutMs } = request;
  try {
    const response = await cappedFetch(request.url, { method, headers, ...(body !== undefined && { body }), signal: AbortSignal.timeout(timeoutMs) });
    return { status: response.status, headers: response.headers, text: await response.text() };
  } catch (error) {
    throw noAnswer(gateway, asked, error);
  }
}

/** `fetch`, with the whole answer read and capped before it is handed on. */
export async function cappedFetch(input: string | URL | Request, init?: RequestInit): Promise<Response> {
  const response = await fetch(input, { ...init, redirect: 'manual' });
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const body: AsyncIterable<Uint8Array> | null = response.body;
  if (body !== null) {
    for await (const chunk of body) {
      bytes += chunk.byteLength;
      // Leaving the loop gives up the rest of the answer.
      if (bytes > maxAnswerBytes) throw new Error(`The answer is larger than ${maxAnswerBytes} bytes.`);
      chunks.push(chunk);
    }
  }
  return new Response(bytes === 0 ? null : Buffer.concat(chunks), { status: response.status, headers: response.headers });
}

/** No answer came: a change may have happened unless the connection was never made. */
export function noAnswer(gateway: GatewayName, asked: Asked, error: unknown): GatewayError {
  const code = codeOf(error);
  if (asked === 'question' || neverConnected(error)) return new GatewayError(gateway, 'unavailable', code, `${gateway} cannot be reached (${code}).`);
  return new GatewayError(gateway, 'unknown', code, `${gateway} did not answer (${code}): it may have happened.`);
}

/** What arrived is no answer of the gateway: it may come from something in between. */
export function unreadable(gateway: GatewayName, asked: Asked, why: string): GatewayError {
  return new GatewayError(gateway, asked === 'change' ? 'unknown' : 'unavailable', 'unreadable_answer', `${gateway}: ${why}`);
}

/** After a change that the gateway has accepted, a question that fails leaves it unknown how that ended. */
export async function afterChange<Value>(look: () => Promise<Value>): Promise<Value> {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    throw new GatewayError(error.gateway, 'unknown', error.gatewayCode, `${error.message} What was sent before may have happened.`, { retryAfterMs: error.retryAfterMs });
  }
}

/** `Retry-After` in seconds or as a date; absent or absurd ones are ignored. */
export function retryAfterMs(value: string | null | undefined, nowMs: number = Date.now()): number | undefined {
  if (value === null || value === undefined || value === '') return undefined;
  const ms = /^\d{1,6}$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - nowMs;
  return Number.isFinite(ms) && ms >= 0 ? Math.min(ms, 3_600_000) : undefined;
}

interface Trouble {
  readonly code?: unknown;
  readonly syscall?: unknown;
  readonly cause?: unknown;
  readonly errors?: unknown;
  readonly name?: unknown;
}

const isTrouble = (value: unknown): value is Trouble => typeof value === 'object' && value !== null;

/** Only what fails while connecting or resolving the name is certain to have sent nothing. */
function neverConnected(error: unknown): boolean {
  if (!isTrouble(error)) return false;
  if (error.syscall === 'connect' || error.syscall === 'getaddrinfo' || error.code === 'UND_ERR_CONNECT_TIMEOUT') return true;
  // One error for each address that was tried.
  if (Array.isArray(error.errors)) return error.errors.length > 0 && error.errors.every(neverConnected);
  return neverConnected(error.cause);
}

function codeOf(error: unknown): string {
  if (!isTrouble(error)) return 'no_answer';
  if (typeof error.code === 'string') return error.code;
  if (error.name === 'TimeoutError' || error.name === 'AbortError') return 'timeout';
  return error.cause === undefined ? 'no_answer' : codeOf(error.cause);
}
