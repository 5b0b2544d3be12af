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
  unknown_dataset: { status: 422, retryable: false, meaning: 'There is no such dataset, or it cannot be used for this.' },
  unknown_format: { status: 422, retryable: false, meaning: 'There is no such file format here.' },
  file_empty: { status: 422, retryable: false, meaning: 'The file has no rows.' },
  file_unreadable: { status: 422, retryable: false, meaning: 'The file is not what it is said to be, is damaged, or is written in another encoding.' },
  file_too_large: { status: 422, retryable: false, meaning: 'The file, one of its records, or what it unpacks to is larger than what is read here.' },
  header_invalid: { status: 422, retryable: false, meaning: 'The columns of the file do not fit: one is missing, doubled, or there are too many.' },
  image_unsupported: { status: 422, retryable: false, meaning: 'It is no image in JPEG, PNG, WebP, GIF or AVIF.' },
  image_damaged: { status: 422, retryable: false, meaning: 'The image is damaged or cut off.' },
  image_too_large: { status: 422, retryable: false, meaning: 'The image has more pixels than are taken here.' },
  // Who is asking.
  unauthorized: { status: 401, retryable: false, meaning: 'The API key is missing or unknown.' },
  rate_limited: { status: 429, retryable: true, meaning: 'Too many requests in this minute.' },
  // What is there. Another tenant's things are answered exactly like things that do not exist.
  not_found: { status: 404, retryable: false, meaning: 'There is no such path.' },
  method_not_allowed: { status: 405, retryable: false, meaning: 'The path exists, the method does not.' },
  resource_not_found: { status: 404, retryable: false, meaning: 'There is no such resource.' },
  booking_not_found: { status: 404, retryable: false, meaning: 'There is no such booking.' },
  flow_not_found: { status: 404, retryable: false, meaning: 'There is no such flow.' },
  payment_not_found: { status: 404, retryable: false, meaning: 'There is no such payment.' },
  refund_not_found: { status: 404, retryable: false, meaning: 'There is no such refund.' },
  product_not_found: { status: 404, retryable: false, meaning: 'There is no such product.' },
  purchase_not_found: { status: 404, retryable: false, meaning: 'There is no such purchase.' },
  order_not_found: { status: 404, retryable: false, meaning: 'There is no such order.' },
  invoice_not_found: { status: 404, retryable: false, meaning: 'There is no such invoice.' },
  case_not_found: { status: 404, retryable: false, meaning: 'There is no such reconciliation case.' },
  import_not_found: { status: 404, retryable: false, meaning: 'There is no such import.' },
  export_not_found: { status: 404, retryable: false, meaning: 'There is no such export.' },
  upload_not_found: { status: 404, retryable: false, meaning: 'There is no such upload.' },
  file_not_found: { status: 404, retryable: false, meaning: 'The file is not there, or not there any more.' },
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
  import_closed: { status: 409, retryable: false, meaning: 'The import has ended.' },
  chunks_failed: { status: 503, retryable: true, meaning: 'A part of the file could not be loaded although it was tried repeatedly.' },
  export_too_large: { status: 422, retryable: false, meaning: 'It has more rows than this format takes.' },
  export_failed: { status: 503, retryable: true, meaning: 'The file could not be written although it was tried repeatedly.' },
  upload_superseded: { status: 409, retryable: false, meaning: 'A later upload for the same product was there first.' },
  upload_incomplete: { status: 400, retryable: true, meaning: 'The upload broke off before all of it was here.' },
  // Money.
  amount_mismatch: { status: 422, retryable: false, meaning: 'The amount or currency is not what is to be paid.' },
  nothing_to_pay: { status: 409, retryable: false, meaning: 'It costs nothing, so there is nothing to pay.' },
  not_the_holder: { status: 403, retryable: false, meaning: 'Only the customer who holds the booking can pay for it.' },
  payment_in_progress: { status: 409, retryable: true, meaning: 'It is being paid already.' },
  already_paid: { status: 409, retryable: false, meaning: 'It has been paid already.' },
  payment_closed: { status: 409, retryable: false, meaning: 'The payment has ended.' },
  payment_declined: { status: 402, retryable: false, meaning: 'The payment was declined.' },
  refund_over_captured: { status: 422, retryable: false, meaning: 'More than is left of the payment cannot be refunded.' },
  payment_not_refundable: { status: 409, retryable: false, meaning: 'Nothing was taken by this payment, so nothing can be given back.' },
  gateway_not_configured: { status: 422, retryable: false, meaning: 'This gateway is not set up here.' },
  currency_not_supported: { status: 422, retryable: false, meaning: 'The gateway does not take this currency.' },
  webhook_signature_invalid: { status: 401, retryable: false, meaning: 'The signature is missing, wrong, or too old.' },
  webhook_malformed: { status: 400, retryable: false, meaning: 'This is no notification of that gateway.' },
  basket_empty: { status: 409, retryable: false, meaning: 'There is nothing in the basket.' },
  mixed_currencies: { status: 409, retryable: false, meaning: 'One payment can only be in one currency.' },
  out_of_stock: { status: 409, retryable: true, meaning: 'There is not enough of it left.' },
  shipping_unavailable: { status: 409, retryable: false, meaning: 'No carrier takes it there, or that heavy, or in that currency.' },
  not_cancellable: { status: 409, retryable: false, meaning: 'It has gone too far to be cancelled.' },
  nothing_to_resume: { status: 409, retryable: false, meaning: 'The flow is not waiting for that.' },
  case_closed: { status: 409, retryable: false, meaning: 'The case has been closed.' },
  link_invalid: { status: 403, retryable: false, meaning: 'The link was not made here, or it was changed.' },
  link_expired: { status: 410, retryable: false, meaning: 'The link has expired.' },
  download_limit_reached: { status: 410, retryable: false, meaning: 'It was downloaded as often as it may be.' },
  download_withdrawn: { status: 410, retryable: false, meaning: 'Its money was given back, so it cannot be downloaded any more.' },
  idempotency_key_reused: { status: 422, retryable: false, meaning: 'The Idempotency-Key was used with another request.' },
  booking_id_reused: { status: 409, retryable: false, meaning: 'The booking id was used for another request.' },
  payment_id_reused: { status: 409, retryable: false, meaning: 'The payment id was used for another request.' },
  purchase_id_reused: { status: 409, retryable: false, meaning: 'The purchase id was used for another request.' },
  order_id_reused: { status: 409, retryable: false, meaning: 'The order id was used for another request.' },
  // What broke here.
  database_conflict: { status: 503, retryable: true, meaning: 'Other bookings got in the way again and again.' },
  booking_failed: { status: 503, retryable: true, meaning: 'The booking could not be made although it was tried repeatedly.' },
  payment_unknown: { status: 503, retryable: true, meaning: 'The gateway did not answer, so it is not known yet what became of the payment.' },
  gateway_unavailable: { status: 503, retryable: true, meaning: 'The gateway does not answer.' },
  gateway_refused: { status: 502, retryable: false, meaning: 'The gateway refused the request itself; its configuration is wrong, or what was asked is impossible.' },
  compensation_parked: { status: 503, retryable: true, meaning: 'A step could not be undone yet; it waits to be resumed.' },
  storage_unavailable: { status: 503, retryable: true, meaning: 'The file storage does not answer.' },
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
export const unknownPayment = (id: string): Refusal => ({ refused: 'payment_not_found', detail: `There is no payment ${id}.` });
export const unknownUpload = (id: string): Refusal => ({ refused: 'upload_not_found', detail: `There is no upload ${id}.` });
export const unknownOrder = (id: string): Refusal => ({ refused: 'order_not_found', detail: `There is no order ${id}.` });
export const unknownImport = (id: string): Refusal => ({ refused: 'import_not_found', detail: `There is no import ${id}.` });
