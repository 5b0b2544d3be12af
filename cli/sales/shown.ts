/** What a payment, a purchase and an order have in common on a terminal. */
import { CliError, remedyFor } from '../errors.ts';
import { adviceFor, meaningOf } from '../declines.ts';
import { isFailureCode } from '../../contracts/failures.ts';
import type { DownloadView } from '../../contracts/purchases/schemas.ts';
import { invocation, quoted } from '../invocation.ts';
import { paintedStatus, print } from '../output.ts';
import { safe, when } from '../text.ts';

/** One of them as it stands, and what is to be said about it. */
export interface Shown {
  readonly id: string;
  readonly status: string;
  /** Something is still to come. */
  readonly isOpen: boolean;
  /** It was given up, and everything is as it was before. */
  readonly isUndone: boolean;
  /** Why it came to nothing. */
  readonly failure: CliError | undefined;
  readonly json: unknown;
  print(): void;
}

/** `pay_…  failed (card_declined)` */
export function printHead(id: string, status: string, reason?: string): void {
  print(`${safe(id)}  ${paintedStatus(status)}${reason === undefined || reason === status ? '' : safe(` (${reason})`)}`);
}

/** Where the payer has to go, if he has to. */
export function printRedirect(redirectUrl: string | undefined, payBy?: string): void {
  if (redirectUrl === undefined) return;
  print(`  The payer has to act${payBy === undefined ? '' : ` until ${when(payBy)}`}:`);
  print(`  ${safe(redirectUrl)}`);
}

/** Links to what is digital. */
export function printDownloads(downloads: readonly DownloadView[] = []): void {
  for (const { productId, url, expiresAt, downloadsLeft } of downloads) {
    if (url !== undefined) print(`  ${safe(`Download ${productId} (${downloadsLeft} times, until ${when(expiresAt)}): ${url}`)}`);
  }
}

export const next = (rest: string, tenantId: string): void => print(`  Next: ${invocation(`${rest} --tenant ${quoted(tenantId)}`)}`);

/** The failure as an error of the command: what it means, and what to do. */
export function cameToNothing(what: string, reason: string, { tenantId, after }: { tenantId: string; after?: string | undefined }): CliError {
  const advice = adviceFor(reason) ?? (isFailureCode(reason) ? remedyFor(reason, tenantId) : '--help shows examples.');
  return new CliError(`${what}: ${meaningOf(reason)}`, after === undefined ? advice : `${advice} ${after}`, { code: reason });
}
