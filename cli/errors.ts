/** What a person reads when something did not work: one line what happened, one line what to do. Never a stack trace. */
import { SettingsError } from '../config/settings.ts';
import { HoldfastError } from '../client/index.ts';
import { failures, isFailureCode, type FailureCode } from '../contracts/failures.ts';
import { paymentFailureCodes } from '../contracts/payments/flow.ts';
import { invocation, quoted } from './invocation.ts';
import { safe, safeJson, styled } from './text.ts';

/** A failure with its remedy. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly code: string;
  readonly remedy: string;
  /** 1: it did not work. 2: the command was not written right. */
  readonly exitCode: 1 | 2;
  constructor(message: string, remedy: string, { code = 'failed', exitCode = 1, cause }: { code?: string; exitCode?: 1 | 2; cause?: unknown } = {}) {
    super(message, { cause });
    this.code = code;
    this.remedy = remedy;
    this.exitCode = exitCode;
  }
}

const elsewhere = (list: string) => (tenant: string): string => `It may belong to another tenant (--tenant). What there is: ${invocation(`${list}${tenant}`)}`;

/** As below, where money and goods are concerned. */
const otherThings: Partial<Record<FailureCode, (tenant: string) => string>> = {
  payment_not_found: elsewhere('payments'),
  product_not_found: elsewhere('products'),
  purchase_not_found: elsewhere('purchases'),
  order_not_found: elsewhere('orders'),
  invoice_not_found: elsewhere('invoices'),
  case_not_found: elsewhere('cases'),
  import_not_found: elsewhere('imports'),
  import_closed: (tenant) => `How it ended: ${invocation(`imports${tenant}`)}`,
  chunks_failed: () => 'When that is mended, `resume` loads just what is left.',
  not_pausable: () => 'Only an import can be paused.',
  file_empty: () => 'A file has a header and at least one row. What belongs into it: `datasets`.',
  file_unreadable: () => 'Correct the file, or say how it is written with --encoding and --delimiter.',
  file_too_large: () => 'Send it in several smaller files.',
  header_invalid: () => `Say which header is which column with --map 'header=column'. What there is: ${invocation('datasets')}`,
  upload_incomplete: () => 'Send the file again.',
  upload_not_found: elsewhere('uploads'),
  export_not_found: elsewhere('exports'),
  export_too_large: () => 'Narrow it down with --filter, or choose another --format.',
  unknown_dataset: () => '--help shows the choices.',
  unknown_format: () => '--help shows the choices.',
  amount_mismatch: () => 'Leave out --amount and --currency, or write what it costs.',
  nothing_to_pay: () => `Confirm it instead: ${invocation('confirm --help')}`,
  not_the_holder: () => 'Name the customer who holds the booking.',
  already_paid: (tenant) => `The payment is here: ${invocation(`payments${tenant}`)}`,
  payment_in_progress: (tenant) => `Wait for it or cancel it: ${invocation(`payments --status created${tenant}`)}`,
  payment_closed: (tenant) => `How it ended: ${invocation(`payments${tenant}`)}`,
  payment_not_refundable: (tenant) => `What was taken: ${invocation(`payments --status settled${tenant}`)}`,
  refund_over_captured: () => 'Ask for less, or leave out --amount to give back all that is left.',
  gateway_not_configured: () => 'Choose another --gateway, or set this one up with its settings.',
  currency_not_supported: () => 'Choose another --gateway.',
  basket_empty: () => `Put something in: ${invocation('basket --help')}`,
  mixed_currencies: () => 'Buy what has one currency first, the rest after that.',
  out_of_stock: (tenant) => `Ask for less. What there is: ${invocation(`products${tenant}`)}`,
  shipping_unavailable: () => 'Send it to another country, or in several lighter orders.',
  not_cancellable: (tenant) => `How it stands: ${invocation(`flows${tenant}`)}. Money that was taken is given back with: ${invocation('refund --help')}`,
  nothing_to_resume: (tenant) => `What waits: ${invocation(`flows --state parked${tenant}`)}`,
  case_closed: (tenant) => `What is open: ${invocation(`cases --status open${tenant}`)}`,
  storage_unavailable: () => `Try again in a moment; if it stays so: ${invocation('doctor')}`,
};

/** What to do, by what happened. Commands name the tenant, so that they work when they are pasted. */
const remedies: Partial<Record<FailureCode, (tenant: string) => string>> = {
  invalid_request: () => 'Correct it and try again; --help shows examples.',
  invalid_dates: () => 'Give --from and --to for a room (YYYY-MM-DD, the end after the start); leave them out for a vehicle or an event.',
  quantity_over_capacity: (tenant) => `Ask for less. What there is: ${invocation(`resources${tenant}`)}`,
  invalid_cursor: () => 'Begin with the first page: leave out --cursor.',
  unauthorized: () => 'The stack has other keys by now. Start it again, or correct HOLDFAST_API_KEYS.',
  rate_limited: () => 'Wait a minute, or raise HOLDFAST_RATE_LIMIT (0 = off) and start again.',
  resource_not_found: (tenant) => `It may belong to another tenant (--tenant). What there is: ${invocation(`resources${tenant}`)}`,
  booking_not_found: (tenant) => `It may belong to another tenant (--tenant). What there is: ${invocation(`bookings${tenant}`)}`,
  flow_not_found: (tenant) => `It may belong to another tenant (--tenant). What there is: ${invocation(`bookings${tenant}`)}`,
  resource_unavailable: (tenant) => `Choose other dates or another one: ${invocation(`resources${tenant}`)}`,
  hold_expired: () => `Book again: ${invocation('book --help')}`,
  booking_not_held: (tenant) => `What can be done depends on how it stands: ${invocation(`bookings${tenant}`)}`,
  booking_closed: () => `Book again: ${invocation('book --help')}`,
  already_extended: () => 'Confirm it before it ends, or book again after that.',
  not_reschedulable: () => 'Cancel it and book again.',
  ...otherThings,
  database_unavailable: () => `Try again in a moment; if it stays so: ${invocation('doctor')}`,
  temporal_unavailable: () => `Start the stack with \`npm start\`; if it runs: ${invocation('doctor')}`,
};

/** One line about what to do. */
export function remedyFor(code: FailureCode, tenantId?: string): string {
  const tenant = tenantId === undefined ? '' : ` --tenant ${quoted(tenantId)}`;
  return remedies[code]?.(tenant) ?? (failures[code].retryable ? 'Try again in a moment.' : `How it stands: ${invocation(`bookings${tenant}`)}`);
}

interface Explained {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
  readonly exitCode: number;
}

/** Any error, in two lines. */
export function explained(error: unknown): Explained {
  if (error instanceof CliError) return error;
  if (error instanceof HoldfastError) return { code: error.code, message: error.message, remedy: remedyFor(error.code), exitCode: 1 };
  if (error instanceof SettingsError) {
    const [message = '', ...rest] = error.message.split('\n');
    return { code: 'invalid_settings', message: [message, ...rest.slice(0, -1).map((line) => line.trim())].join(' '), remedy: rest.at(-1) ?? `See what is wrong: ${invocation('doctor')}`, exitCode: 1 };
  }
  if (error instanceof Error && 'remedy' in error && typeof error.remedy === 'string') return { code: 'failed', message: error.message, remedy: error.remedy, exitCode: 1 };
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'internal_error', message: `Something went wrong that was not foreseen: ${message.split('\n')[0] ?? ''}`, remedy: `See whether this machine is in order: ${invocation('doctor')}`, exitCode: 1 };
}

/** Named on the terminal, too: a code of the failures table, or why a payment failed. */
const isStable = (code: string): boolean => isFailureCode(code) || paymentFailureCodes.some((known) => known === code);

/** Prints the error to standard error. @returns the exit code that goes with it. */
export function reportError(error: unknown, asJson: boolean): number {
  const { code, message, remedy, exitCode } = explained(error);
  if (asJson) process.stderr.write(`${safeJson({ error: { code, message, remedy } })}\n`);
  else process.stderr.write(`${styled('red', '✖', process.stderr)} ${safe(message)}${isStable(code) ? styled('dim', ` (${code})`, process.stderr) : ''}\n  ${safe(remedy)}\n`);
  return exitCode;
}
