/** Stripe's errors: `{error: {type, code, message, param, …}}`. */
import type { z } from 'zod';
import { json, type Answer, type Failure } from '../core/answers.ts';

export interface StripeError {
  readonly type: 'invalid_request_error' | 'idempotency_error' | 'card_error' | 'api_error';
  readonly message: string;
  readonly code?: string | undefined;
  readonly decline_code?: string | undefined;
  readonly param?: string | undefined;
  readonly charge?: string | undefined;
  readonly payment_intent?: unknown;
}

export class StripeRefusal extends Error {
  override readonly name = 'StripeRefusal';
  readonly status: number;
  readonly error: StripeError;

  constructor(status: number, error: StripeError) {
    super(error.message);
    this.status = status;
    this.error = error;
  }

  get answer(): Answer {
    return json(this.status, { error: this.error });
  }
}

export const invalid = (message: string, { code, param, status = 400, ...more }: { code?: string; param?: string; status?: number; payment_intent?: unknown; charge?: string } = {}): StripeRefusal =>
  new StripeRefusal(status, { type: 'invalid_request_error', message, code, param, ...more });

/** An unknown id in the path is 404, one in a parameter 400. */
export const missing = (what: string, id: string, param: string, status: 400 | 404): StripeRefusal => invalid(`No such ${what}: '${id.slice(0, 100)}'`, { code: 'resource_missing', param, status });

export const failure: Failure = ({ kind, status, code }) =>
  kind === 'rate_limit'
    ? json(429, { error: { type: 'invalid_request_error', code: code ?? 'rate_limit', message: 'Request rate limit exceeded.' } })
    : json(status, { error: { type: 'api_error', message: 'An unknown error occurred' } });

const paramName = (path: readonly PropertyKey[]): string => path.map((part, depth) => (depth === 0 ? String(part) : `[${String(part)}]`)).join('');

/** The first thing wrong with the parameters, as Stripe names it. */
export function refusalOf(error: z.ZodError): StripeRefusal {
  const unknown = error.issues.find(({ code }) => code === 'unrecognized_keys');
  if (unknown?.code === 'unrecognized_keys') {
    const param = paramName([...unknown.path, ...unknown.keys.slice(0, 1)]);
    return invalid(`Received unknown parameter: ${param}`, { code: 'parameter_unknown', param });
  }
  const [issue] = error.issues;
  const param = paramName(issue?.path ?? []);
  if (issue?.code === 'invalid_type' && issue.message.endsWith('received undefined')) return invalid(`Missing required param: ${param}.`, { code: 'parameter_missing', param });
  if (issue?.code === 'custom') {
    const code: unknown = issue.params?.['code'];
    return invalid(issue.message, { param, ...(typeof code === 'string' && { code }) });
  }
  return invalid(`Invalid ${param}: ${issue?.message ?? 'not understood'}`, { param });
}
