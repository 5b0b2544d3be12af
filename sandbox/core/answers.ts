/** Answers as data, and the one way in which every call of a merchant is executed: with whatever faults there are. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { CallPlan } from './faults.ts';

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export const json = (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Answer => ({ status, body: JSON.stringify(body), headers });
export const html = (status: number, body: string): Answer => ({ status, body, contentType: 'text/html; charset=utf-8' });

/** What a party says when it fails, in its own shape. */
export type Failure = (refusal: { readonly kind: 'rate_limit' | 'error'; readonly status: number; readonly code: string | undefined }) => Answer;

export interface Execution {
  readonly plan: CallPlan;
  readonly failure: Failure;
  /** Runs at once and to its end: whatever it changes is one transaction. It gets the answer that goes out instead of its own, if there is one. */
  readonly execute: (instead: Answer | undefined) => Answer;
}

/** @returns undefined when the answer must be lost after the call was executed. */
export async function underFaults({ plan, failure, execute }: Execution): Promise<Answer | undefined> {
  if (plan.refusal !== undefined) return failure(plan.refusal);
  if (plan.delayBeforeMs > 0) await sleep(plan.delayBeforeMs);
  const { after } = plan;
  const answer = execute(after?.kind === 'error_after' ? failure({ kind: 'error', status: after.status, code: after.code }) : undefined);
  if (plan.delayAfterMs > 0) await sleep(plan.delayAfterMs);
  return after?.kind === 'drop' ? undefined : answer;
}

/** No answer: the connection is cut. */
export async function send(request: FastifyRequest, reply: FastifyReply, answer: Answer | undefined): Promise<FastifyReply> {
  if (answer === undefined) {
    reply.hijack();
    request.raw.socket.destroy();
    return await reply;
  }
  return await reply
    .code(answer.status)
    .headers(answer.headers ?? {})
    .type(answer.contentType ?? 'application/json')
    .send(answer.body);
}

/** The body as it came; each party reads it in its own way. */
export const rawBody = (request: FastifyRequest): string => (typeof request.body === 'string' ? request.body : '');

/** The query as it came, without the question mark. */
export const rawQuery = (request: FastifyRequest): string => {
  const mark = request.raw.url?.indexOf('?') ?? -1;
  return mark === -1 ? '' : (request.raw.url?.slice(mark + 1) ?? '');
};
