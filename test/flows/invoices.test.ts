import '../support/realm.ts';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Holdfast } from '../../client/index.ts';
import { invoiceWorkflowId } from '../../contracts/flows.ts';
import { invoiceMessages } from '../../contracts/invoices/flow.ts';
import type { InvoiceView } from '../../contracts/invoices/schemas.ts';
import type { Subject } from '../../contracts/payments/flow.ts';
import { findInvoiceFor } from '../../services/database/invoices/queries.ts';
import { putShop, setLogo } from '../../services/database/shop.ts';
import { saveCustomer } from '../../services/database/tenants.ts';
import { openStorage, type Storage } from '../../services/storage/storage.ts';
import { createResource, createTenant, someCar } from '../support/database.ts';
import { eventually } from '../support/http.ts';
import { anImage } from '../support/images.ts';
import { heldBooking, paidBooking, payForBooking } from '../support/sales.ts';
import { startWorld, type World } from '../support/world.ts';

/** Of this run alone, whose first invoice is number one. */
const tenantId = `invoice-flows-${Date.now().toString(36)}`;

/** A folder, and in front of it a door that is shut as often as a test wants. */
let files: Storage;
let folder: string;
const puts: string[] = [];
let brokenPuts = 0;
const storage: Storage = {
  put: async (key, contents, options) => {
    puts.push(key);
    if (brokenPuts > 0) {
      brokenPuts -= 1;
      throw new Error('the disk is away');
    }
    await files.put(key, contents, options);
  },
  get: async (key) => await files.get(key),
  stat: async (key) => await files.stat(key),
  remove: async (key) => await files.remove(key),
};

let world: World;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'holdfast-invoices-'));
  files = openStorage(`file:${folder}`);
  world = await startWorld(tenantId, { storage });
});
afterAll(async () => {
  await world.close();
  await rm(folder, { recursive: true, force: true });
});

const handle = ({ id }: Subject) => world.client.workflow.getHandle(invoiceWorkflowId(tenantId, id));
const ended = async (subject: Subject): Promise<InvoiceView> => (await handle(subject).result()) as InvoiceView;
const keyOf = (invoice: InvoiceView): string => `${tenantId}/invoices/${invoice.issuedAt.slice(0, 4)}/${invoice.id}.pdf`;
const pdfOf = async (invoice: InvoiceView): Promise<Buffer> => await buffer(await files.get(keyOf(invoice)));
const putsOf = (invoice: InvoiceView): number => puts.filter((key) => key === keyOf(invoice)).length;
const noticesOf = async (invoice: InvoiceView): Promise<unknown[]> =>
  await world.databases.write.selectFrom('notifications').select(['audience', 'customer_id', 'data']).where('tenant_id', '=', tenantId).where('template', '=', 'invoice_ready').where('subject_id', '=', invoice.id).execute();

describe('an invoice', () => {
  test('is numbered for whoever waits, then drawn, stored, and announced to the customer', async () => {
    const subject = await paidBooking(world.databases, tenantId);
    const numbered = await world.holdfast.invoices.request(subject);
    expect(numbered).toMatchObject({ number: `INV-${numbered.issuedAt.slice(0, 4)}-000001`, subject, customerId: 'ada', amount: 27_000, currency: 'EUR' });
    const stored = await ended(subject);
    const pdf = await pdfOf(stored);
    expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
    expect(stored).toEqual({ ...numbered, status: 'stored', bytes: pdf.byteLength, sha256: createHash('sha256').update(pdf).digest('hex') });
    expect(await noticesOf(stored)).toEqual([{ audience: 'customer', customer_id: 'ada', data: { number: stored.number, amount: 27_000, currency: 'EUR', for: subject.id } }]);
    expect(await world.holdfast.invoices.get(subject)).toEqual(stored);
    expect(await handle(subject).query(invoiceMessages.progress)).toEqual({ percent: 100, step: `${stored.number} is stored` });
  });

  test('is made once when twenty ask at once, and drawn once however often it is asked for later', async () => {
    const subject = await paidBooking(world.databases, tenantId);
    const answers = await Promise.all(Array.from({ length: 20 }, async () => await world.holdfast.invoices.request(subject)));
    expect(new Set(answers.map(({ id, number }) => `${id} ${number}`)).size).toBe(1);
    const stored = await ended(subject);
    const again = await world.holdfast.invoices.request(subject);
    expect(again).toEqual(stored);
    expect(await ended(subject)).toEqual(stored);
    expect(putsOf(stored)).toBe(1);
    expect(await noticesOf(stored)).toHaveLength(1);
  });

  test('is stored in the end when the storage is away at first', async () => {
    const subject = await paidBooking(world.databases, tenantId);
    brokenPuts = 2;
    const { status } = await world.holdfast.invoices.request(subject);
    expect(status).toBe('numbered');
    const stored = await ended(subject);
    expect(stored.status).toBe('stored');
    expect(putsOf(stored)).toBe(3);
    expect((await pdfOf(stored)).byteLength).toBe(stored.bytes);
  });

  test('keeps its number when three attempts were in vain, says so, and is drawn when it is asked for again', async () => {
    const subject = await paidBooking(world.databases, tenantId);
    brokenPuts = 3;
    const numbered = await world.holdfast.invoices.request(subject);
    await expect(ended(subject)).rejects.toMatchObject({ cause: { cause: { type: 'storage_unavailable', message: 'The file storage did not take the invoice.' } } });
    expect(await files.stat(keyOf(numbered))).toBeUndefined();
    // Meanwhile the shop moves; what was issued is drawn as it was issued.
    await putShop(world.databases.write, tenantId, { legalName: 'New Name', address: ['Elsewhere 1'], country: 'DE', vatBasisPoints: 0, invoicePrefix: 'NEW', locale: 'en' });
    expect((await world.holdfast.invoices.request(subject)).number).toBe(numbered.number);
    expect(await ended(subject)).toMatchObject({ id: numbered.id, number: numbered.number, status: 'stored' });
  });

  test('has the logo that the shop had when it was issued, and none rather than no invoice when the picture is gone', async () => {
    const drawn = async (): Promise<InvoiceView> => {
      const subject = await paidBooking(world.databases, tenantId);
      await world.holdfast.invoices.request(subject);
      return await ended(subject);
    };
    const hasPicture = async (invoice: InvoiceView): Promise<boolean> => (await pdfOf(invoice)).includes('/Subtype /Image');
    expect(await hasPicture(await drawn())).toBe(false);
    const key = `${tenantId}/logos/first`;
    await files.put(key, await anImage({ width: 20, height: 20, format: 'png' }), { contentType: 'image/png' });
    await setLogo(world.databases.write, tenantId, key);
    expect(await hasPicture(await drawn())).toBe(true);
    await files.remove(key);
    expect(await hasPicture(await drawn())).toBe(false);
  });

  test('is not stopped by cancelling its workflow', async () => {
    const subject = await paidBooking(world.databases, tenantId);
    brokenPuts = 1;
    await world.holdfast.invoices.request(subject);
    await handle(subject).cancel();
    expect((await ended(subject)).status).toBe('stored');
  });

  test('is refused for what is not paid, and made when it is', async () => {
    const held = await heldBooking(world.databases, tenantId);
    await expect(world.holdfast.invoices.request(held)).rejects.toMatchObject({ code: 'payment_not_found', status: 404 });
    expect(await ended(held)).toMatchObject({ refused: 'payment_not_found' });
    await payForBooking(world.databases, tenantId, held);
    await world.holdfast.invoices.request(held);
    expect((await ended(held)).status).toBe('stored');
  });

  test('is made by itself when a vehicle is paid, also when it was asked for too early', async () => {
    const resourceId = await createResource(world.databases, tenantId, someCar);
    const { id } = await world.holdfast.bookings.book({ resourceId, customerId: 'ada' });
    const subject = { kind: 'booking', id } as const;
    await expect(world.holdfast.invoices.request(subject)).rejects.toMatchObject({ code: 'payment_not_found' });
    await world.holdfast.payments.payBooking({ bookingId: id, gateway: 'stripe', method: 'pm_card_visa' });
    await eventually('the invoice to be asked for', async () => (await findInvoiceFor(world.databases.write, tenantId, id)) !== undefined);
    expect(await ended(subject)).toMatchObject({ status: 'stored', amount: someCar.price });
  });

  test('of another tenant does not exist', async () => {
    const subject = await paidBooking(world.databases, tenantId);
    const stranger = `${tenantId}-stranger`;
    await createTenant(world.databases, stranger);
    const theirs = Holdfast.over(world.client, { tenantId: stranger });
    await expect(theirs.invoices.request(subject)).rejects.toMatchObject({ code: 'payment_not_found' });
    await world.holdfast.invoices.request(subject);
    await expect(theirs.invoices.get(subject)).rejects.toMatchObject({ code: 'invoice_not_found' });
    await expect(handle(subject).executeUpdate(invoiceMessages.begin, { args: [{ tenantId: stranger }] })).rejects.toThrow();
  });

  test('names no person in its history', async () => {
    const subject = await paidBooking(world.databases, tenantId, { kind: 'vehicle', name: 'Secretly Named Car', price: 500_000, currency: 'EUR' });
    await saveCustomer(world.databases.write, tenantId, 'ada', { name: 'Augusta Ada King' });
    await world.holdfast.invoices.request(subject);
    await ended(subject);
    const events = JSON.stringify(await handle(subject).fetchHistory());
    const decoded = [...events.matchAll(/"data":"([^"]+)"/g)].map(([, data]) => Buffer.from(data ?? '', 'base64').toString()).join('\n');
    expect(decoded).toContain(subject.id);
    expect(decoded).not.toMatch(/Augusta|Secretly Named/);
  });
});
