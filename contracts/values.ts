/** The small value types that every domain shares. */
import { z } from 'zod';

/**
 * Text that a person typed: stored as it is, so SQL or markup in it is harmless. Control characters, line and direction
 * marks and lone surrogates are refused: PostgreSQL cannot store some of them, and none can be shown. The pattern names
 * them one by one, as it goes into the OpenAPI document, where not every reader knows Unicode classes.
 */
// oxlint-disable-next-line no-control-regex -- the point of the expression
export const text = (maxLength: number) => z.string().trim().min(1).max(maxLength).regex(/^[^\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]*$/u, 'must not contain control characters').refine((value) => value.isWellFormed(), 'must be well-formed Unicode');

/** A shop's own id: any string of 1 to 64 characters. */
export const foreignId = text(64);

export const tenantId = z.string().regex(/^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/, 'must be 1 to 32 lower-case letters, digits or hyphens, with no hyphen at its ends');

/** Money: an integer in minor units (cents, paise). The ceiling keeps every sum an exact JavaScript number. */
export const maxAmountMinor = 1_000_000_000_000;
export const amountMinor = z.int().min(0).max(maxAmountMinor);

const currencies: ReadonlySet<string> = new Set(Intl.supportedValuesOf('currency'));

/** ISO 4217. */
export const currency = z.string().regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code in capitals').refine((code) => currencies.has(code), 'is no currency of ISO 4217');

/** UTC, ISO 8601. A date alone means midnight UTC. An offset can carry a time out of the years that PostgreSQL reads. */
export const moment = z
  .union([z.iso.date(), z.iso.datetime({ offset: true })], 'must be an ISO 8601 date or date-time')
  .transform((value) => new Date(value).toISOString())
  .refine((value) => /^(19|[2-9]\d)\d\d-/.test(value), 'must be between the years 1900 and 9999');

export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(200).default(50).describe('How many items a page has.'),
  cursor: z.string().max(512).optional().describe('`nextCursor` of the page before.'),
};

export interface Page<Item> {
  readonly items: readonly Item[];
  /** Absent on the last page. */
  readonly nextCursor?: string;
}

export interface FlowProgress {
  /** 0–100; never goes back. */
  readonly percent: number;
  /** What is happening now, in words. */
  readonly step: string;
}
