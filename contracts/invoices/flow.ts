/**
 * The invoice flow: its states and the messages it takes. No schema library is imported here: a workflow runs every
 * module that it imports anew for each invoice.
 */
import { defineQuery, defineUpdate } from '@temporalio/workflow';
import type { Subject } from '../payments/flow.ts';
import type { FlowProgress } from '../values.ts';
import type { InvoiceView } from './schemas.ts';

/** numbered: issued, and what it says is fixed; the PDF is being drawn. stored: the PDF can be downloaded. */
export const invoiceStatuses = ['numbered', 'stored'] as const;
export type InvoiceStatus = (typeof invoiceStatuses)[number];

/** How long a caller is kept waiting for the number; the PDF is drawn after that. */
export const invoicePatienceMs = 15_000;

/** A link is good for an hour unless asked otherwise; seven days is the most. */
export const defaultLinkSeconds = 60 * 60;
export const maxLinkSeconds = 7 * 24 * 60 * 60;

/** Ids only: names and addresses stay in the database, out of the history. */
export interface InvoiceInput {
  readonly tenantId: string;
  readonly subject: Subject;
}

export interface OfTenant {
  readonly tenantId: string;
}

/** What became of the PDF. */
export interface StoredPdf {
  readonly storageKey: string;
  readonly bytes: number;
  /** Of the PDF's bytes, in hexadecimal. */
  readonly sha256: string;
}

/** There is nothing to cancel: a number that was given stays given, and its PDF is drawn. */
export const invoiceMessages = {
  /** Sent with the start: waits until the invoice has its number. */
  begin: defineUpdate<InvoiceView, [OfTenant]>('begin'),
  status: defineQuery<InvoiceView | undefined>('status'),
  progress: defineQuery<FlowProgress>('progress'),
};
