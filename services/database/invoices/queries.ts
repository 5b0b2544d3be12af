/** Reading invoices. Every query names its tenant. */
import type { Kysely } from 'kysely';
import type { ListInvoices } from '../../../contracts/invoices/schemas.ts';
import type { Page } from '../../../contracts/values.ts';
import { decodeCursor, toPage } from '../paging.ts';
import type { Database } from '../schema.ts';
import type { InvoiceSnapshot } from '../schema/invoices.ts';
import { toKeptInvoice, viewColumns, type KeptInvoice } from './rows.ts';

export async function findInvoice(db: Kysely<Database>, tenantId: string, id: string): Promise<KeptInvoice | undefined> {
  const row = await db.selectFrom('invoices').select(viewColumns).where('tenant_id', '=', tenantId).where('id', '=', id).executeTakeFirst();
  return row === undefined ? undefined : toKeptInvoice(row);
}

export async function findInvoiceFor(db: Kysely<Database>, tenantId: string, subjectId: string): Promise<KeptInvoice | undefined> {
  const row = await db.selectFrom('invoices').select(viewColumns).where('tenant_id', '=', tenantId).where('subject_id', '=', subjectId).executeTakeFirst();
  return row === undefined ? undefined : toKeptInvoice(row);
}

/** Newest first. */
export async function listInvoices(db: Kysely<Database>, tenantId: string, filter: Omit<ListInvoices, 'linkSeconds'>): Promise<Page<KeptInvoice>> {
  let query = db.selectFrom('invoices').select(viewColumns).where('tenant_id', '=', tenantId).orderBy('id', 'desc').limit(filter.limit + 1);
  if (filter.customerId !== undefined) query = query.where('customer_id', '=', filter.customerId);
  if (filter.subjectId !== undefined) query = query.where('subject_id', '=', filter.subjectId);
  if (filter.year !== undefined) query = query.where('year', '=', filter.year);
  if (filter.cursor !== undefined) query = query.where('id', '<', decodeCursor(filter.cursor));
  return toPage(await query.execute(), filter.limit, (row) => row.id, toKeptInvoice);
}

export interface Drawable {
  readonly year: number;
  readonly document: InvoiceSnapshot;
}

/** What its PDF is drawn from: what was kept when it was issued, whatever has changed since. */
export async function loadDocument(db: Kysely<Database>, tenantId: string, id: string): Promise<Drawable> {
  return await db.selectFrom('invoices').select(['year', 'document']).where('tenant_id', '=', tenantId).where('id', '=', id).executeTakeFirstOrThrow();
}
