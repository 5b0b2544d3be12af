/** Row types of invoices. */
import type { Generated } from 'kysely';
import type { InvoiceStatus } from '../../../contracts/invoices/flow.ts';
import type { SubjectKind } from '../../../contracts/payments/flow.ts';
import type { InvoiceDocument } from '../../invoices/document.ts';
import type { Json, Timestamp } from './columns.ts';

/** As it is kept: of the logo, which is a picture and not text, only where it is in the storage. */
export type InvoiceSnapshot = Omit<InvoiceDocument, 'logo'> & { readonly logoKey?: string };

export interface InvoiceTables {
  invoice_counters: { tenant_id: string; year: number; last: Generated<number>; last_issued_at: Timestamp | null };
  invoices: {
    tenant_id: string;
    id: string;
    subject_kind: SubjectKind;
    subject_id: string;
    year: number;
    number: number;
    /** The number as it is printed. */
    label: string;
    customer_id: string;
    payment_id: string;
    amount_minor: number;
    currency: string;
    document: Json<InvoiceSnapshot>;
    status: InvoiceStatus;
    storage_key: string | null;
    bytes: number | null;
    sha256: string | null;
    issued_at: Timestamp;
    stored_at: Timestamp | null;
  };
}
