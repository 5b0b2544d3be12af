/** Every error becomes an RFC 9457 problem with a code from the failures table. Nothing of the cause leaks into it. */
import { errorCodes, type FastifyReply, type FastifyRequest } from 'fastify';
import { HoldfastError } from '../../client/index.ts';
import { failures, type FailureCode, type Refusal } from '../../contracts/failures.ts';
import type { Problem } from '../../contracts/problems.ts';
import { isConflict, isUnavailable, sqlState } from '../../services/database/errors.ts';
import { ReadRefused } from '../../services/database/paging.ts';

export type FieldError = NonNullable<Problem['errors']>[number];

/** A refusal on its way to the caller. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly code: FailureCode;
  readonly errors: FieldError[] | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(code: FailureCode, detail: string = failures[code].meaning, more: { errors?: FieldError[]; retryAfterSeconds?: number } = {}) {
    super(detail);
    this.code = code;
    this.errors = more.errors;
    this.retryAfterSeconds = more.retryAfterSeconds;
  }

  static of({ refused, detail }: Refusal): Refused {
    return new Refused(refused, detail);
  }
}

/** A dependency that restarts is back within seconds. */
const unavailableRetrySeconds = 2;

const ofFastify: Readonly<Record<string, FailureCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'payload_too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_NOT_FOUND: 'not_found',
};

/** Translates whatever was thrown. What nobody foresaw is an `internal_error` and says no more. */
export function toRefused(error: unknown): Refused {
  if (error instanceof Refused) return error;
  if (error instanceof HoldfastError || error instanceof ReadRefused) return new Refused(error.code, error.message);
  if (isConflict(error)) return new Refused('database_conflict');
  if (isUnavailable(error)) return new Refused('database_unavailable');
  const code = sqlState(error);
  if (code !== undefined && ofFastify[code] !== undefined) return new Refused(ofFastify[code]);
  const theCallers = code !== undefined && Object.hasOwn(errorCodes, code) && error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number' && error.statusCode < 500;
  return new Refused(theCallers ? 'malformed_request' : 'internal_error');
}

/** The `type` names the problem; it is not an address to open. */
export const problemType = (code: FailureCode): string => `urn:holdfast:problem:${code}`;

export function toProblem({ code, message, errors, retryAfterSeconds }: Refused, requestId: string, instance?: string): Problem {
  const { status, meaning } = failures[code];
  const wait = retryAfterSeconds ?? (status === 503 ? unavailableRetrySeconds : undefined);
  return {
    type: problemType(code),
    title: meaning,
    status,
    code,
    detail: message,
    ...(instance !== undefined && { instance }),
    requestId,
    ...(wait !== undefined && { retry_after: wait }),
    ...(errors !== undefined && { errors }),
  };
}

/** Answers with the problem and logs what the caller is not told. */
export function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply, extra: Record<string, unknown> = {}): FastifyReply {
  const refused = toRefused(error);
  if (failures[refused.code].status >= 500) logCause(error, refused, request);
  const problem = toProblem(refused, request.id, request.url.split('?', 1)[0]);
  if (problem.retry_after !== undefined) reply.header('retry-after', problem.retry_after);
  if (refused.code === 'unauthorized') reply.header('www-authenticate', 'Bearer realm="holdfast"');
  // Fastify would close the connection at once; a caller that is still sending would then see a broken pipe instead of
  // this answer. What still comes is thrown away as it arrives, for as long as the request timeout allows.
  if (refused.code === 'payload_too_large') reply.removeHeader('connection');
  return reply
    .code(problem.status)
    .header('x-request-id', request.id)
    .type('application/problem+json')
    .send(JSON.stringify({ ...problem, ...extra }));
}

/** Name, message and stack only: the other fields of a database error hold values of rows. */
function logCause(error: unknown, refused: Refused, request: FastifyRequest): void {
  const cause = error instanceof Error ? { type: error.name, message: error.message, sqlState: sqlState(error) } : { type: typeof error };
  const about = { requestId: request.id, tenant: request.caller?.tenantId, code: refused.code, cause };
  if (refused.code !== 'internal_error') request.log.warn(about, 'a dependency did not answer');
  else request.log.error({ ...about, stack: error instanceof Error ? error.stack : undefined }, 'unforeseen error');
}
