/**
 * THE TABLE of failures: the stable `code` an API caller sees is also the `type` of the ApplicationFailure a workflow
 * throws. `retryable` says whether the same call may succeed later without being changed.
 */
export interface FailureRow {
  readonly status: number;
  readonly retryable: boolean;
  readonly meaning: string;
}

export const failures = {
  // What was sent is not right.
  invalid_request: { status: 422, retryable: false, meaning: 'A field is missing, unknown or outside its range.' },
  invalid_json: { status: 400, retryable: false, meaning: 'The body is not JSON.' },
  invalid_utf8: { status: 400, retryable: false, meaning: 'The body is not valid UTF-8.' },
  malformed_request: { status: 400, retryable: false, meaning: 'The request is not valid HTTP, or its path is not valid percent-encoded UTF-8.' },
  headers_too_large: { status: 431, retryable: false, meaning: 'The headers are larger than the server takes.' },
  request_timeout: { status: 408, retryable: true, meaning: 'The request did not arrive in time.' },
  invalid_dates: { status: 422, retryable: false, meaning: 'The dates are wrong: the end must be after the start, and not in the past.' },
  invalid_cursor: { status: 422, retryable: false, meaning: 'The cursor is not one that this list gave.' },
  quantity_over_capacity: { status: 422, retryable: false, meaning: 'More units were asked for than the resource has.' },
  unsupported_media_type: { status: 415, retryable: false, meaning: 'Send JSON.' },
  payload_too_large: { status: 413, retryable: false, meaning: 'The body is larger than this call takes.' },
  // Who is asking.
  unauthorized: { status: 401, retryable: false, meaning: 'The API key is missing or unknown.' },
  rate_limited: { status: 429, retryable: true, meaning: 'Too many requests in this minute.' },
  // What is there. Another tenant's things are answered exactly like things that do not exist.
  not_found: { status: 404, retryable: false, meaning: 'There is no such path.' },
  method_not_allowed: { status: 405, retryable: false, meaning: 'The path exists, the method does not.' },
  resource_not_found: { status: 404, retryable: false, meaning: 'There is no such resource.' },
  booking_not_found: { status: 404, retryable: false, meaning: 'There is no such booking.' },
  flow_not_found: { status: 404, retryable: false, meaning: 'There is no such flow.' },
  // What is in the way.
  resource_unavailable: { status: 409, retryable: true, meaning: 'The resource is taken for that time.' },
  resource_in_use: { status: 409, retryable: true, meaning: 'The resource has bookings that the change would break.' },
  hold_expired: { status: 409, retryable: false, meaning: 'The hold has ended.' },
  booking_not_held: { status: 409, retryable: false, meaning: 'The booking is not held, so this step does not apply.' },
  booking_closed: { status: 409, retryable: false, meaning: 'The booking has ended.' },
  booking_not_failed: { status: 409, retryable: false, meaning: 'Only a booking that is pending or has failed can be tried again.' },
  already_extended: { status: 409, retryable: false, meaning: 'A hold can be extended once.' },
  not_reschedulable: { status: 409, retryable: false, meaning: 'Only a room has dates that can be moved.' },
  not_pausable: { status: 409, retryable: false, meaning: 'This flow has a deadline and cannot be paused.' },
  idempotency_key_reused: { status: 422, retryable: false, meaning: 'The Idempotency-Key was used with another request.' },
  booking_id_reused: { status: 409, retryable: false, meaning: 'The booking id was used for another request.' },
  // What broke here.
  database_conflict: { status: 503, retryable: true, meaning: 'Other bookings got in the way again and again.' },
  booking_failed: { status: 503, retryable: true, meaning: 'The booking could not be made although it was tried repeatedly.' },
  database_unavailable: { status: 503, retryable: true, meaning: 'The database does not answer.' },
  temporal_unavailable: { status: 503, retryable: true, meaning: 'The workflow service does not answer.' },
  internal_error: { status: 500, retryable: true, meaning: 'Something broke that was not foreseen; the log has it under this request id.' },
} as const satisfies Record<string, FailureRow>;

export type FailureCode = keyof typeof failures;

export function isFailureCode(code: unknown): code is FailureCode {
  return typeof code === 'string' && Object.hasOwn(failures, code);
}

/** A refusal is an expected answer, so activities return it as a value instead of failing. */
export interface Refusal {
  readonly refused: FailureCode;
  readonly detail: string;
}

export function isRefusal(value: object): value is Refusal {
  return 'refused' in value;
}

export const unknownResource = (id: string): Refusal => ({ refused: 'resource_not_found', detail: `There is no resource ${id}.` });
export const unknownBooking = (id: string): Refusal => ({ refused: 'booking_not_found', detail: `There is no booking ${id}.` });
