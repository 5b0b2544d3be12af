/** How a call of the merchant runs at Stripe: key, parameters, idempotency, faults, execution, answer. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { json, rawBody, rawQuery, send, underFaults, type Answer } from '../core/answers.ts';
import { parseBracketed } from '../core/forms.ts';
import { newId, sameSecret } from '../core/ids.ts';
import type { Core } from '../core/index.ts';
import type { Call } from '../core/parties.ts';
import type { CallPlan } from '../core/faults.ts';
import { failure, invalid, refusalOf, StripeRefusal } from './errors.ts';
import type { Origin } from './events.ts';
import { fingerprintOf, type IdempotencyKeys } from './keys.ts';

export interface Executing {
  readonly id: string;
  readonly origin: Origin;
  readonly ordered: CallPlan['decline'];
}

export interface StripeCall<Params> {
  readonly params: z.ZodType<Params>;
  /** What faults know of it; a call without is never disturbed. */
  readonly about?: (params: Params, id: string) => Omit<Call, 'party'>;
  readonly execute: (params: Params, executing: Executing) => unknown;
}

type StripeRequest = FastifyRequest<{ Params: { id?: string } }>;

export interface Caller {
  readonly core: Core;
  readonly keys: IdempotencyKeys;
  readonly secretKeys: readonly string[];
}

const unclouded: CallPlan = { delayBeforeMs: 0, delayAfterMs: 0 };
const cardFields = ['payment_method_data', 'card', 'source'];

const headerOf = (request: FastifyRequest, name: string): string | undefined => {
  const value = request.headers[name];
  return typeof value === 'string' ? value : undefined;
};

/** The secret key as a bearer token or as the user of Basic. @throws {StripeRefusal} 401 */
function checkKey(request: FastifyRequest, secretKeys: readonly string[]): void {
  const [, scheme = '', credentials = ''] = /^(Bearer|Basic) +(\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
  const given = scheme.toLowerCase() === 'basic' ? (Buffer.from(credentials, 'base64').toString('utf8').split(':')[0] ?? '') : credentials;
  if (given === '') throw invalid("You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth.", { status: 401 });
  if (!secretKeys.map((key) => sameSecret(given, key)).includes(true)) throw invalid(`Invalid API Key provided: ${'*'.repeat(8)}`, { status: 401 });
}

function read<Params>(schema: z.ZodType<Params>, text: string): Params {
  const form = parseBracketed(text);
  if (form === undefined) throw invalid('Invalid request: the parameters could not be read.');
  const raw = cardFields.find((name) => Object.hasOwn(form, name));
  if (raw !== undefined) throw invalid('Sending credit card numbers directly to the Stripe API is generally unsafe. Use a PaymentMethod id.', { param: raw });
  const parsed = schema.safeParse({ ...form });
  if (!parsed.success) throw refusalOf(parsed.error);
  return parsed.data;
}

const guarded = (work: () => Answer): Answer => {
  try {
    return work();
  } catch (error) {
    if (error instanceof StripeRefusal) return error.answer;
    throw error;
  }
};

async function run<Params>(call: StripeCall<Params>, { core, keys, secretKeys }: Caller, request: StripeRequest, requestId: string): Promise<Answer | undefined> {
  checkKey(request, secretKeys);
  const { id = '' } = request.params;
  const changes = request.method === 'POST';
  const key = changes ? headerOf(request, 'idempotency-key') : undefined;
  const text = changes ? rawBody(request) : rawQuery(request);
  const fingerprint = fingerprintOf(request.url, text);
  const kept = key === undefined ? undefined : keys.find(key, fingerprint);
  const params = read(call.params, text);
  const about = call.about?.(params, id);
  const plan = about === undefined ? unclouded : core.faults.forCall({ party: 'stripe', ...about }, { replay: kept !== undefined });
  if (kept !== undefined) return await underFaults({ plan, failure, execute: () => kept });
  return await keys.whileInUse(key, async () =>
    await underFaults({
      plan,
      failure,
      execute: (instead) =>
        core.store.transaction(() => {
          const own = guarded(() => json(200, call.execute(params, { id, origin: { requestId, key: key ?? null }, ordered: plan.decline })));
          const answer = instead ?? own;
          if (key !== undefined) keys.keep(key, fingerprint, requestId, answer);
          return answer;
        }),
    }),
  );
}

export const stripeHandler = <Params>(call: StripeCall<Params>, caller: Caller) => async (request: StripeRequest, reply: FastifyReply): Promise<FastifyReply> => {
  const requestId = newId('req');
  reply.header('request-id', requestId).header('stripe-version', headerOf(request, 'stripe-version') ?? '');
  const key = headerOf(request, 'idempotency-key');
  if (key !== undefined) reply.header('idempotency-key', key);
  try {
    return await send(request, reply, await run(call, caller, request, requestId));
  } catch (error) {
    if (error instanceof StripeRefusal) return await send(request, reply, error.answer);
    throw error;
  }
};
