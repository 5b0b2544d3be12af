/** What the library throws, turned into our failures. Nothing of the original is kept: it carries client secrets. */
import { Stripe } from 'stripe';
import { rowOf, type Treatment } from '../failures.ts';
import { GatewayError } from '../gateway.ts';
import { noAnswer, retryAfterMs, type Asked } from '../http.ts';
import { refusals, treatmentOfStatus } from './failures.ts';

export type StripeFailure = InstanceType<typeof Stripe.errors.StripeError>;

/** An error that Stripe itself has answered, as against one on the way. */
export function answered(error: unknown): StripeFailure | undefined {
  return error instanceof Stripe.errors.StripeError && error.statusCode !== undefined ? error : undefined;
}

export function treatmentOf(error: StripeFailure): Treatment {
  return (rowOf(refusals, error.code) ?? rowOf(refusals, error.rawType))?.treat ?? treatmentOfStatus(error.statusCode ?? 0);
}

export function gatewayErrorOf(error: unknown, asked: Asked): GatewayError {
  if (error instanceof GatewayError) return error;
  const answer = answered(error);
  // The library keeps what `fetch` threw in `detail`.
  if (answer === undefined) return noAnswer('stripe', asked, error instanceof Stripe.errors.StripeError ? error.detail : error);

  const status = answer.statusCode ?? 0;
  const code = answer.code ?? String(status);
  const waitMs = retryAfterMs(answer.headers?.['retry-after']);
  const treat = treatmentOf(answer);
  if (treat === 'unknown') {
    const replayed = answer.headers?.['idempotent-replayed'] === 'true' ? ', kept from the first attempt' : '';
    return new GatewayError('stripe', asked === 'change' ? 'unknown' : 'unavailable', code, `Stripe answered ${status}${replayed}.`, { retryAfterMs: waitMs });
  }
  if (treat === 'busy') return new GatewayError('stripe', 'busy', code, 'Stripe is asked too much at once.', { retryAfterMs: waitMs });
  // A message about a key names a part of it.
  const message = status === 401 || status === 403 ? 'The key is not accepted, or may not do this.' : answer.message.slice(0, 300);
  return new GatewayError('stripe', 'final', code, `Stripe refused the request: ${message}`);
}
