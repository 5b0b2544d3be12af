/**
 * Issuing: a number and the invoice that has it come into being in one transaction, under a lock on the counter. So
 * numbers follow each other without a gap, whatever fails and however many are issued at once.
 */
import { sql, type Kysely, type Transaction } from 'kysely';
import { typeid } from 'typeid-js';
import { isRefusal, type Refusal } from '../../../contracts/failures.ts';
import type { StoredPdf } from '../../../contracts/invoices/flow.ts';
import type { InvoiceView } from '../../../contracts/invoices/schemas.ts';
import type { Subject } from '../../../contracts/payments/flow.ts';
import { writeNotices } from '../notices.ts';
import type { Database } from '../schema.ts';
import { loadShop } from '../shop.ts';
import { composeInvoice, labelOf, yearOf } from './compose.ts';
import { goodsOf } from './lines.ts';
import { findInvoiceFor } from './queries.ts';
import { toInvoiceView, viewColumns } from './rows.ts';

const notPaid = (subjectId: string): Refusal => ({ refused: 'payment_not_found', detail: `Nothing is paid for ${subjectId}. An invoice is made for what was paid.` });

/** When the money was taken; a later refund changes the payment's own times. */
const capturedAt = sql<Date>`coalesce((SELECT t.at FROM ledger_transactions AS t WHERE t.tenant_id = payments.tenant_id AND t.id = payments.id || ':capture'), payments.created_at)`;

/** Of one subject there is at most one payment that is not failed or given back. */
const selectPaid = (db: Kysely<Database>, tenantId: string) => db.selectFrom('payments').where('tenant_id', '=', tenantId).where('status', '=', 'settled');

/** What was paid for under this id, as far as payments know. */
export async function findPaidSubject(db: Kysely<Database>, tenantId: string, subjectId: string): Promise<Subject | Refusal> {
  const row = await selectPaid(db, tenantId).select('subject_kind').where('subject_id', '=', subjectId).executeTakeFirst();
  return row === undefined ? notPaid(subjectId) : { kind: row.subject_kind, id: subjectId };
}

/**
 * Answers the invoice that there is, or issues it over the whole of what was taken; refunds have records of their own.
 * @param now the issue date, unless the invoice before it is later: dates rise with numbers.
 * @returns a refusal when it was not paid for, or not any more.
 */
export async function issueInvoice(db: Kysely<Database>, tenantId: string, subject: Subject, now: Date): Promise<InvoiceView | Refusal> {
  const existing = await findInvoiceFor(db, tenantId, subject.id);
  if (existing !== undefined) return existing.view;
  return await db.transaction().execute(async (tx) => {
    const payment = await selectPaid(tx, tenantId)
      .select(['id', 'gateway', 'customer_id', 'captured_minor as amountMinor', 'currency', capturedAt.as('paidAt')])
      .where('subject_kind', '=', subject.kind)
      .where('subject_id', '=', subject.id)
      .executeTakeFirst();
    if (payment === undefined) return notPaid(subject.id);
    const shop = await loadShop(tx, tenantId);
    const goods = await goodsOf(tx, tenantId, subject, { amountMinor: payment.amountMinor, vatBasisPoints: shop.vatBasisPoints });
    if (isRefusal(goods)) return goods;
    const contact = await tx.selectFrom('customers').select(['name', 'locale']).where('tenant_id', '=', tenantId).where('id', '=', payment.customer_id).executeTakeFirst();
    const customer = { id: payment.customer_id, name: contact?.name ?? null, locale: contact?.locale ?? null };

    const { number, issuedAt } = await lockCounter(tx, tenantId, now);
    // Whoever held the lock before may have issued this very one.
    const issued = await findInvoiceFor(tx, tenantId, subject.id);
    if (issued !== undefined) return issued.view;
    const year = yearOf(issuedAt);
    const label = labelOf(shop.invoicePrefix, year, number);
    await tx.updateTable('invoice_counters').set({ last: number, last_issued_at: issuedAt }).where('tenant_id', '=', tenantId).where('year', '=', year).execute();
    const row = await tx
      .insertInto('invoices')
      .values({
        tenant_id: tenantId,
        id: typeid('inv').toString(),
        subject_kind: subject.kind,
        subject_id: subject.id,
        year,
        number,
        label,
        customer_id: payment.customer_id,
        payment_id: payment.id,
        amount_minor: payment.amountMinor,
        currency: payment.currency,
        document: JSON.stringify(composeInvoice({ label, issuedAt, shop, customer, payment, goods })),
        status: 'numbered',
        issued_at: issuedAt,
      })
      .returning(viewColumns)
      .executeTakeFirstOrThrow();
    return toInvoiceView(row);
  });
}

/** Waits for its turn. The lock is held until the end of the transaction. */
async function lockCounter(tx: Transaction<Database>, tenantId: string, now: Date): Promise<{ number: number; issuedAt: Date }> {
  const { last, last_issued_at } = await tx
    .insertInto('invoice_counters')
    .values({ tenant_id: tenantId, year: yearOf(now), last: 0 })
    .onConflict((conflict) => conflict.columns(['tenant_id', 'year']).doUpdateSet({ last: sql`invoice_counters.last` }))
    .returning(['last', 'last_issued_at'])
    .executeTakeFirstOrThrow();
  return { number: last + 1, issuedAt: last_issued_at !== null && last_issued_at > now ? last_issued_at : now };
}

/** Its PDF is there. Repeated, it changes nothing and tells nobody again. */
export async function markInvoiceStored(db: Kysely<Database>, tenantId: string, id: string, pdf: StoredPdf): Promise<InvoiceView> {
  return await db.transaction().execute(async (tx) => {
    const row = await tx.selectFrom('invoices').select(viewColumns).where('tenant_id', '=', tenantId).where('id', '=', id).forUpdate().executeTakeFirstOrThrow();
    if (row.status === 'stored') return toInvoiceView(row);
    const stored = await tx
      .updateTable('invoices')
      .set({ status: 'stored', storage_key: pdf.storageKey, bytes: pdf.bytes, sha256: pdf.sha256, stored_at: new Date() })
      .where('tenant_id', '=', tenantId)
      .where('id', '=', id)
      .returning(viewColumns)
      .executeTakeFirstOrThrow();
    await writeNotices(tx, tenantId, [
      { audience: 'customer', recipientId: row.customer_id, template: 'invoice_ready', subjectId: id, data: { number: row.label, amount: row.amount_minor, currency: row.currency, for: row.subject_id } },
    ]);
    return toInvoiceView(stored);
  });
}
