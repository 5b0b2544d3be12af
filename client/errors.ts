/** Errors of the typed client: one class, a stable code. */
import { isGrpcServiceError, ServiceError, WorkflowFailedError, WorkflowNotFoundError, WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError } from '@temporalio/client';
import { ActivityFailure, ApplicationFailure } from '@temporalio/common';
import type { ZodType } from 'zod';
import { failures, isFailureCode, type FailureCode } from '../contracts/failures.ts';

/** What went wrong, by a code from the failures table; `retryable` says whether the same call may succeed later. */
export class HoldfastError extends Error {
  override readonly name = 'HoldfastError';
  readonly code: FailureCode;
  readonly status: number;
  readonly retryable: boolean;

  constructor(code: FailureCode, message?: string, options?: ErrorOptions) {
    super(message ?? failures[code].meaning, options);
    this.code = code;
    this.status = failures[code].status;
    this.retryable = failures[code].retryable;
  }
}

// gRPC status codes, https://grpc.io/docs/guides/status-codes/
const deadlineExceeded = 4;
const cancelled = 1;
const failedPrecondition = 9;

function grpcCode(error: unknown): number | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (isGrpcServiceError(cause)) return cause.code;
  }
  return undefined;
}

/**
 * FAILED_PRECONDITION: a signal came into the task that carried the update, so the server threw the task away. Nothing
 * was done; the same update may be sent again.
 */
export const wasNotTaken = (error: unknown): boolean => grpcCode(error) === failedPrecondition;

/** No answer in time. What was asked may have happened. */
export function isTimeout(error: unknown): boolean {
  const code = grpcCode(error);
  return error instanceof WorkflowUpdateRPCTimeoutOrCancelledError || code === deadlineExceeded || code === cancelled;
}

/** Turns what the Temporal client throws into a {@link HoldfastError}; defects pass through unchanged. */
export function toHoldfastError(error: unknown): unknown {
  if (error instanceof HoldfastError) return error;
  if (error instanceof WorkflowUpdateFailedError || error instanceof WorkflowFailedError) {
    const cause = error.cause instanceof ActivityFailure ? error.cause.cause : error.cause;
    if (cause instanceof ApplicationFailure && isFailureCode(cause.type)) return new HoldfastError(cause.type, cause.message, { cause: error });
    return new HoldfastError('booking_failed', undefined, { cause: error });
  }
  if (error instanceof WorkflowNotFoundError) return new HoldfastError('flow_not_found', undefined, { cause: error });
  if (isTimeout(error) || grpcCode(error) !== undefined || error instanceof ServiceError) return new HoldfastError('temporal_unavailable', undefined, { cause: error });
  return error;
}

/** @throws {HoldfastError} `invalid_request` that names every field that is wrong. */
export function parsed<Output>(schema: ZodType<Output>, input: unknown): Output {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  throw new HoldfastError('invalid_request', result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; '));
}

/** Runs a call and translates what it throws. */
export async function translated<Result>(call: () => Promise<Result>): Promise<Result> {
  try {
    return await call();
  } catch (error) {
    throw toHoldfastError(error);
  }
}
