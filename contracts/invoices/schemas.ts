/** Invoices on the wire: what callers send and get. */
import { z } from 'zod';
import { subjectKinds } from '../payments/flow.ts';
import { amountMinor, currency, foreignId, pageQuery } from '../values.ts';
import { defaultLinkSeconds, invoiceStatuses, maxLinkSeconds } from './flow.ts';

export const requestInvoiceBody = z.strictObject({
  subjectId: foreignId.meta({ description: 'What was paid for: a booking, a purchase or an order.', example: 'ord_01jd3xkz6ye8vb2n5m7q9r4stw' }),
});

/** What the typed client takes. */
export const invoiceSubject = z.strictObject({ kind: z.enum(subjectKinds), id: foreignId });

export const invoiceView = z.object({
  id: z.string().describe('inv_…, sortable by time.'),
  number: z.string().describe('`<prefix>-<year>-<six digits>`: without a gap in each year, the year being that of the issue date in UTC.'),
  status: z.enum(invoiceStatuses),
  subject: z.object({ kind: z.enum(subjectKinds), id: z.string() }),
  customerId: z.string(),
  paymentId: z.string(),
  amount: amountMinor.describe('Minor units, VAT included.'),
  currency,
  issuedAt: z.string(),
  bytes: z.int().optional().describe('Size of the PDF. Present once it is stored.'),
  sha256: z.string().optional().describe('Of the PDF. Present once it is stored.'),
  downloadUrl: z.string().optional().describe('Opens the PDF without an API key until `downloadExpiresAt`. Present once it is stored.'),
  downloadExpiresAt: z.string().optional(),
});
export type InvoiceView = z.infer<typeof invoiceView>;

/** For how long the links in an answer are good. */
const linkSeconds = z.coerce.number().int().min(1).max(maxLinkSeconds).default(defaultLinkSeconds).describe('For how long `downloadUrl` is good: an hour unless said otherwise, at most seven days.');

export const getInvoiceQuery = z.strictObject({ linkSeconds });

export const listInvoicesQuery = z.strictObject({
  customerId: foreignId.optional(),
  subjectId: foreignId.optional(),
  year: z.coerce.number().int().min(2000).max(9999).optional().describe('Of the issue date, in UTC.'),
  linkSeconds,
  ...pageQuery,
});
export type ListInvoices = z.infer<typeof listInvoicesQuery>;
