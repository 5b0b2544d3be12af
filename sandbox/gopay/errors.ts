/**
 * GoPay's errors: `{date_issued, errors: [{scope, field, error_code, error_name, message, description}]}`. The names that
 * its own libraries' tests show are real; the numbers are not published, so these are stand-ins.
 */
import { json, type Answer, type Failure } from '../core/answers.ts';

const errors = {
  FIELD_REQUIRED: [400, 111, 'Mandatory field is missing'],
  FIELD_INVALID: [400, 110, 'Wrong value'],
  AUTH_WRONG_CREDENTIALS: [401, 202, 'Wrong credentials'],
  AUTH_ACCESS_DENIED: [403, 203, 'The token does not allow this'],
  PAYMENT_NOT_FOUND: [404, 304, 'There is no such payment'],
  PAYMENT_WRONG_STATE: [409, 303, 'The payment is in another state'],
  PAYMENT_REFUND_NOT_SUPPORTED: [409, 331, 'The payment cannot be refunded, or has been already'],
  PAYMENT_REFUND_WRONG_AMOUNT: [409, 332, 'More than is left to refund'],
  PAYMENT_CAPTURE_DONE: [409, 343, 'The payment was captured or given up before'],
  PAYMENT_CAPTURE_WRONG_AMOUNT: [409, 344, 'More than was authorised'],
  PAYMENT_AUTH_VOID_FAILED: [409, 345, 'The authorisation cannot be given up'],
  TOO_MANY_REQUESTS: [429, 205, 'Too many requests'],
  SYSTEM_ERROR: [500, 500, 'System error'],
} as const;
export type GopayErrorName = keyof typeof errors;

export class GopayRefusal extends Error {
  override readonly name = 'GopayRefusal';
  readonly answer: Answer;

  constructor(name: GopayErrorName, field?: string, status?: number) {
    super(name);
    this.answer = errorAnswer(name, field, status);
  }
}

function errorAnswer(name: GopayErrorName, field?: string, status?: number): Answer {
  const [usual, error_code, message] = errors[name];
  return json(status ?? usual, {
    date_issued: new Date().toISOString(),
    errors: [{ scope: field === undefined ? 'G' : 'F', field: field ?? null, error_code, error_name: name, message, description: null }],
  });
}

export const failure: Failure = ({ kind, status }) => (kind === 'rate_limit' ? errorAnswer('TOO_MANY_REQUESTS') : errorAnswer('SYSTEM_ERROR', undefined, status));
