/** What a person reads when something did not work: one line what happened, one line what to do. Never a stack trace. */
import { SettingsError } from '../config/settings.ts';
import { HoldfastError } from '../client/index.ts';
import { failures, isFailureCode, type FailureCode } from '../contracts/failures.ts';
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

/** Prints the error to standard error. @returns the exit code that goes with it. */
export function reportError(error: unknown, asJson: boolean): number {
  const { code, message, remedy, exitCode } = explained(error);
  if (asJson) process.stderr.write(`${safeJson({ error: { code, message, remedy } })}\n`);
  else process.stderr.write(`${styled('red', '✖', process.stderr)} ${safe(message)}${isFailureCode(code) ? styled('dim', ` (${code})`, process.stderr) : ''}\n  ${safe(remedy)}\n`);
  return exitCode;
}
