import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { isRefusal } from '../../contracts/failures.ts';
import type { InvoiceView } from '../../contracts/invoices/schemas.ts';
import type { Subject } from '../../contracts/payments/flow.ts';
import type { Databases } from '../../services/database/connection.ts';
import { isConflict, isUnavailable } from '../../services/database/errors.ts';
import { findPaidSubject, issueInvoice, markInvoiceStored } from '../../services/database/invoices/issue.ts';
import { findInvoice, findInvoiceFor, listInvoices, loadDocument } from '../../services/database/invoices/queries.ts';
import { putShop } from '../../services/database/shop.ts';
import { saveCustomer } from '../../services/database/tenants.ts';
import { createTenant, openTestDatabase, someCar } from '../support/database.ts';
import { heldBooking, made, paidBooking, paidOrder, paidPurchase, takeMoney } from '../support/sales.ts';

let databases: Databases;
let tenantId: string;
let tenants = 0;
beforeAll(async () => {
  databases = await openTestDatabase();
});
afterAll(async () => await databases.close());
beforeEach(async () => {
  tenants += 1;
  tenantId = `invoices-${process.pid}-${tenants}`;
  await createTenant(databases, tenantId);
});

const today = new Date();
const year = today.getUTCFullYear();
const issued = async (subject: Subject, now = today): Promise<InvoiceView> => made(await issueInvoice(databases.write, tenantId, subject, now));
const documentOf = async (subject: Subject) => (await loadDocument(databases.write, tenantId, (await issued(subject)).id)).document;
const pdf = (id: string) => ({ storageKey: `${tenantId}/invoices/${year}/${id}.pdf`, bytes: 1_000, sha256: 'a'.repeat(64) });
const numbers = async (): Promise<number[]> => (await databases.write.selectFrom('invoices').select('number').where('tenant_id', '=', tenantId).orderBy('number').execute()).map(({ number }) => number);
const counted = (to: number): number[] => Array.from({ length: to }, (_, index) => index + 1);

describe('numbers', () => {
  test('have no gap when a hundred invoices are issued at once and every third transaction fails after it took its number', async () => {
    const subjects = await Promise.all(counted(100).map(async () => await paidBooking(databases, tenantId)));
    const name = `test_failures_${process.pid}`;
    // A sequence counts on when a transaction is rolled back.
    await sql`CREATE SEQUENCE ${sql.ref(name)}`.execute(databases.write);
    await sql`
      CREATE FUNCTION ${sql.ref(name)}() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF nextval(${sql.lit(name)}) % 3 = 0 THEN RAISE EXCEPTION 'as the test wants it' USING ERRCODE = '40P01'; END IF;
        RETURN NULL;
      END $$`.execute(databases.write);
    await sql`CREATE TRIGGER ${sql.ref(name)} AFTER INSERT ON invoices FOR EACH ROW WHEN (NEW.tenant_id = ${sql.lit(tenantId)}) EXECUTE FUNCTION ${sql.ref(name)}()`.execute(databases.write);
    let failures = 0;
    const untilIssued = async (subject: Subject): Promise<InvoiceView> => {
      for (;;) {
        try {
          return await issued(subject);
        } catch (error) {
          // A hundred at once wait for a few connections, on a slow machine for longer than they may.
          if (isUnavailable(error)) continue;
          if (!isConflict(error)) throw error;
          failures += 1;
        }
      }
    };
    try {
      const invoices = await Promise.all(subjects.map(untilIssued));
      expect(failures).toBeGreaterThan(40);
      expect(await numbers()).toEqual(counted(100));
      expect(invoices.map(({ number }) => number).toSorted()).toEqual(counted(100).map((number) => `INV-${year}-${String(number).padStart(6, '0')}`));
    } finally {
      await sql`DROP TRIGGER ${sql.ref(name)} ON invoices`.execute(databases.write);
    }
  });

  test('are one for one subject, however many ask at once', async () => {
    const subject = await paidBooking(databases, tenantId);
    const answers = await Promise.all(counted(20).map(async () => await issued(subject)));
    expect(new Set(answers.map(({ id, number }) => `${id} ${number}`)).size).toBe(1);
    expect(await numbers()).toEqual([1]);
    expect((await issued(await paidBooking(databases, tenantId))).number).toBe(`INV-${year}-000002`);
  });

  test('begin again each year of UTC, and a late one of the old year still follows its own', async () => {
    const [first, second, third, fourth] = await Promise.all(counted(4).map(async () => await paidBooking(databases, tenantId)));
    const of = async (subject: Subject | undefined, at: string): Promise<string> => (await issued(subject as Subject, new Date(at))).number;
    expect(await of(first, '2029-12-31T23:59:59.999Z')).toBe('INV-2029-000001');
    expect(await of(second, '2030-01-01T00:00:00.000Z')).toBe('INV-2030-000001');
    expect(await of(third, '2029-12-31T12:00:00.000Z')).toBe('INV-2029-000002');
    expect(await of(fourth, '2030-06-01T02:00:00.000+14:00')).toBe('INV-2030-000002');
    expect((await listInvoices(databases.read, tenantId, { year: 2029, limit: 50 })).items.map(({ view }) => view.number).toSorted()).toEqual(['INV-2029-000001', 'INV-2029-000002']);
    // Dates rise with numbers, whichever clock was behind.
    expect((await findInvoiceFor(databases.write, tenantId, (third as Subject).id))?.view.issuedAt).toBe('2029-12-31T23:59:59.999Z');
  });

  test('are each tenant\'s own, and another tenant\'s invoices do not exist', async () => {
    const subject = await paidBooking(databases, tenantId);
    const invoice = await issued(subject);
    const other = `${tenantId}-other`;
    await createTenant(databases, other);
    expect((made(await issueInvoice(databases.write, other, await paidBooking(databases, other), today))).number).toBe(`INV-${year}-000001`);
    expect(await findInvoice(databases.write, other, invoice.id)).toBeUndefined();
    expect(await findInvoiceFor(databases.write, other, subject.id)).toBeUndefined();
    expect(await issueInvoice(databases.write, other, subject, today)).toMatchObject({ refused: 'payment_not_found' });
    expect((await listInvoices(databases.read, other, { subjectId: subject.id, limit: 50 })).items).toEqual([]);
  });
});

describe('the database', () => {
  const change = async (statement: ReturnType<typeof sql>): Promise<unknown> => await statement.execute(databases.write).then(() => 'done', (error: unknown) => (error as Error).message);

  test('refuses to change or delete what was issued, to skip a number, and to take one without an invoice', async () => {
    const { id } = await issued(await paidBooking(databases, tenantId));
    const never = 'an issued invoice is never changed or deleted';
    const mine = sql`tenant_id = ${tenantId}`;
    expect(await change(sql`UPDATE invoices SET amount_minor = 1 WHERE ${mine}`)).toBe(never);
    expect(await change(sql`UPDATE invoices SET document = '{}' WHERE ${mine}`)).toBe(never);
    expect(await change(sql`DELETE FROM invoices WHERE ${mine}`)).toBe(never);
    expect(await change(sql`TRUNCATE invoices`)).toBe(never);
    await markInvoiceStored(databases.write, tenantId, id, pdf(id));
    expect(await change(sql`UPDATE invoices SET sha256 = repeat('b', 64) WHERE ${mine}`)).toBe(never);
    expect(await change(sql`UPDATE invoice_counters SET last = last + 2 WHERE ${mine}`)).toBe('invoice numbers have no gap');
    expect(await change(sql`UPDATE invoice_counters SET last = last - 1 WHERE ${mine}`)).toBe('invoice numbers have no gap');
    expect(await change(sql`DELETE FROM invoice_counters WHERE ${mine}`)).toBe('invoice numbers have no gap');
    expect(await change(sql`UPDATE invoice_counters SET last = last + 1 WHERE ${mine}`)).toBe(`invoice number 2 of ${year} has no invoice`);
    expect(await change(sql`INSERT INTO invoice_counters VALUES (${tenantId}, 2001, 7)`)).toBe('invoice numbers have no gap');
    expect(await numbers()).toEqual([1]);
  });

  test('writes down once that the PDF is stored, and tells the customer once', async () => {
    const { id, number } = await issued(await paidBooking(databases, tenantId));
    const first = await markInvoiceStored(databases.write, tenantId, id, pdf(id));
    expect(first).toMatchObject({ status: 'stored', bytes: 1_000, sha256: 'a'.repeat(64) });
    expect(await markInvoiceStored(databases.write, tenantId, id, { ...pdf(id), bytes: 2_000 })).toEqual(first);
    const told = await databases.write.selectFrom('notifications').select(['customer_id', 'data']).where('tenant_id', '=', tenantId).where('template', '=', 'invoice_ready').execute();
    expect(told).toEqual([{ customer_id: 'ada', data: expect.objectContaining({ number }) }]);
  });
});

describe('an invoice', () => {
  const shop = { legalName: 'Seaview Hotels GmbH', address: ['Hafenstraße 1', '20457 Hamburg'], country: 'DE', taxId: 'DE123456789', vatBasisPoints: 1_900, invoicePrefix: 'SEA', locale: 'de-DE' };
  const items = [
    { name: 'Poster', quantity: 2, unitPriceMinor: 1_500, vatBasisPoints: 1_900 },
    { name: 'Book', quantity: 1, unitPriceMinor: 999, vatBasisPoints: 700 },
  ];

  test('of a booking says who sold what to whom, and how it was paid', async () => {
    await putShop(databases.write, tenantId, shop);
    await saveCustomer(databases.write, tenantId, 'ada', { name: 'Ada Lovelace', locale: 'en-GB' });
    const subject = await paidBooking(databases, tenantId);
    const { paymentId } = await issued(subject);
    expect(await documentOf(subject)).toEqual({
      number: `SEA-${year}-000001`,
      issueDate: today.toISOString().slice(0, 10),
      supplyDate: '2031-05-01',
      seller: { name: 'Seaview Hotels GmbH', addressLines: ['Hafenstraße 1', '20457 Hamburg', 'Germany'], taxId: 'DE123456789' },
      buyer: { name: 'Ada Lovelace', addressLines: [] },
      currency: 'EUR',
      lines: [{ description: 'Room with a view, 2031-05-01 – 2031-05-04', quantity: 3, unitPriceMinor: 9_000, vatRateBasisPoints: 1_900, totalMinor: 27_000 }],
      paid: { method: 'Stripe', date: today.toISOString().slice(0, 10) },
      paymentReference: paymentId,
      locale: 'en-GB',
    });
  });

  test('of a purchase has each item with its own rate', async () => {
    expect((await documentOf(await paidPurchase(databases, tenantId, items))).lines).toEqual([
      { description: 'Poster', quantity: 2, unitPriceMinor: 1_500, vatRateBasisPoints: 1_900, totalMinor: 3_000 },
      { description: 'Book', quantity: 1, unitPriceMinor: 999, vatRateBasisPoints: 700, totalMinor: 999 },
    ]);
  });

  test('of an order has a line for shipping and the address of who gets it', async () => {
    await putShop(databases.write, tenantId, shop);
    const shipTo = { name: 'Ada Lovelace', line1: '12 St James Square', city: 'London', postcode: 'SW1Y 4JH', country: 'GB' };
    const subject = await paidOrder(databases, tenantId, items, 690, shipTo);
    const document = await documentOf(subject);
    expect(document.lines.at(-1)).toEqual({ description: 'Shipping', quantity: 1, unitPriceMinor: 690, vatRateBasisPoints: 1_900, totalMinor: 690 });
    expect(document.buyer).toEqual({ name: 'Ada Lovelace', addressLines: ['12 St James Square', 'SW1Y 4JH London', 'Vereinigtes Königreich'] });
    expect(document.lines.reduce((sum, { totalMinor }) => sum + totalMinor, 0)).toBe((await issued(subject)).amount);
  });

  test('stays as it was issued when the shop, the resource or the customer changes', async () => {
    const subject = await paidBooking(databases, tenantId);
    const before = await documentOf(subject);
    await putShop(databases.write, tenantId, { ...shop, legalName: 'Another Name', invoicePrefix: 'NEW' });
    await saveCustomer(databases.write, tenantId, 'ada', { name: 'Somebody Else' });
    await databases.write.updateTable('resources').set({ name: 'Broom cupboard', price_minor: 1 }).where('tenant_id', '=', tenantId).execute();
    expect(await documentOf(subject)).toEqual(before);
    expect((await issued(subject)).number).toBe(`INV-${year}-000001`);
    expect((await issued(await paidBooking(databases, tenantId))).number).toBe(`NEW-${year}-000002`);
  });

  test('is about the money that was taken, also when the booking was moved afterwards', async () => {
    const subject = await paidBooking(databases, tenantId);
    await databases.write.updateTable('bookings').set({ amount_minor: 9_000, ends_at: '2031-05-02T00:00:00.000Z' }).where('tenant_id', '=', tenantId).execute();
    expect((await documentOf(subject)).lines).toEqual([expect.objectContaining({ quantity: 1, unitPriceMinor: 27_000, totalMinor: 27_000 })]);
    expect((await issued(subject)).amount).toBe(27_000);
  });

  test('of a customer whose locale is none is written in the shop\'s', async () => {
    await putShop(databases.write, tenantId, shop);
    await saveCustomer(databases.write, tenantId, 'ada', { locale: 'en-a1' });
    expect((await documentOf(await paidBooking(databases, tenantId, someCar))).locale).toBe('de-DE');
  });

  test('is refused for what is not paid, not settled, not completed, given back, or not there', async () => {
    const held = await heldBooking(databases, tenantId);
    const taken = await heldBooking(databases, tenantId);
    await takeMoney(databases, tenantId, taken);
    const givenBack = await paidBooking(databases, tenantId);
    await sql`UPDATE payments SET status = 'refunded', refunded_minor = captured_minor WHERE tenant_id = ${tenantId} AND subject_id = ${givenBack.id}`.execute(databases.write);
    const pending = await paidPurchase(databases, tenantId, items, 'pending');
    for (const subject of [held, taken, givenBack, pending, { kind: 'order', id: 'ord_none' } as const]) {
      const outcome = await issueInvoice(databases.write, tenantId, subject, today);
      expect([subject.kind, isRefusal(outcome) ? outcome.refused : outcome]).toEqual([subject.kind, 'payment_not_found']);
    }
    expect(await findPaidSubject(databases.write, tenantId, held.id)).toMatchObject({ refused: 'payment_not_found' });
    expect(await findPaidSubject(databases.write, tenantId, pending.id)).toEqual(pending);
    expect(await numbers()).toEqual([]);
    // What was refused has used up no number.
    expect((await issued(await paidBooking(databases, tenantId))).number).toBe(`INV-${year}-000001`);
  });
});
