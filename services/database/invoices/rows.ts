/** From rows to views. */
import type { Selectable } from 'kysely';
import type { InvoiceView } from '../../../contracts/invoices/schemas.ts';
import type { Database } from '../schema.ts';

export type InvoiceRow = Selectable<Omit<Database['invoices'], 'document'>>;

/** Everything but the document: it has names and addresses, and no view has any use for it. */
export const viewColumns = [
  'tenant_id', 'id', 'subject_kind', 'subject_id', 'year', 'number', 'label', 'customer_id', 'payment_id',
  'amount_minor', 'currency', 'status', 'storage_key', 'bytes', 'sha256', 'issued_at', 'stored_at',
] as const satisfies readonly (keyof InvoiceRow)[];

export function toInvoiceView(row: InvoiceRow): InvoiceView {
  return {
    id: row.id,
    number: row.label,
    status: row.status,
    subject: { kind: row.subject_kind, id: row.subject_id },
    customerId: row.customer_id,
    paymentId: row.payment_id,
    amount: row.amount_minor,
    currency: row.currency,
    issuedAt: row.issued_at.toISOString(),
    ...(row.bytes !== null && { bytes: row.bytes }),
    ...(row.sha256 !== null && { sha256: row.sha256 }),
  };
}

/** What the API needs beside the view to make a link. */
export interface KeptInvoice {
  readonly view: InvoiceView;
  /** Absent until the PDF is stored. */
  readonly storageKey?: string;
}

export const toKeptInvoice = (row: InvoiceRow): KeptInvoice => ({ view: toInvoiceView(row), ...(row.storage_key !== null && { storageKey: row.storage_key }) });
