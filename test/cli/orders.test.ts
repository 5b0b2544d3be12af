import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { newOrderId, type FlowView, type InvoiceView, type OrderView, type PurchaseView } from '../../client/index.ts';
import { cli, done, expectRefusal, start } from '../support/cli.ts';
import { eventually, shop } from '../support/http.ts';
import { mug, product, song, stockOf, testSandbox } from './sales.ts';

const card = ['--gateway', 'stripe', '--method', 'pm_card_visa'];
const home = ['--ship-to', 'Ada Lovelace; 12 St James Square; London; SW1Y 4JH; GB'];

let folder: string;
let sandbox: Awaited<ReturnType<typeof testSandbox>>;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'holdfast-cli-orders-'));
  sandbox = await testSandbox();
});
afterEach(async () => await sandbox.clearFaults());
afterAll(async () => await rm(folder, { recursive: true, force: true }));

async function ordered(): Promise<OrderView> {
  return JSON.parse(await done('order', '--customer', 'ada', '--item', await product(song), ...card, '--json')) as OrderView;
}

async function completed(): Promise<OrderView> {
  const order = await ordered();
  await done('watch', order.id);
  return order;
}

/** An order whose bank takes its time, so that it can be stopped on the way. */
async function onItsWay(productId: string): Promise<OrderView> {
  await sandbox.faults({ party: 'stripe', kind: 'delay', delayMs: 15_000, when: 'after', operation: 'authorise', match: { method: 'pm_card_discover' } });
  const order = JSON.parse(await done('order', '--customer', 'ada', '--item', `${productId}=2`, ...home, '--gateway', 'stripe', '--method', 'pm_card_discover', '--json')) as OrderView;
  expect(order.status).toBe('pending');
  return order;
}

describe('order', () => {
  test('pays, ships and says what it costs; the address may come from a file', async () => {
    const [shipped, loaded] = [await product(mug), await product(song)];
    const file = path.join(folder, 'address.json');
    await writeFile(file, JSON.stringify({ name: 'Ada Lovelace', line1: '12 St James Square', city: 'London', postcode: 'SW1Y 4JH', country: 'GB' }));
    const said = await done('order', '--customer', 'ada', '--item', `${shipped}=2`, '--item', loaded, '--ship-to', `@${file}`, ...card, '--watch');
    const lines = said.trimEnd().split('\n');
    expect(lines.at(-4)).toMatch(/^ord_\w{26} {2}completed$/);
    expect(lines.at(-3)).toMatch(/^ {2}2 × Mug, Song, EUR 44\.90, of which EUR 5\.90 for shipping, customer ada, payment pay_\w{26}$/);
    expect(lines.at(-2)).toMatch(/^ {2}Sent by .*, tracking HF\d{20}$/);
    expect(lines.at(-1)).toMatch(new RegExp(`^  Download ${loaded} \\(5 times, until .* UTC\\): http`));
    expect(said).toMatch(/^ord_\w{26} {2}100 % {2}Completed: the warehouse has it$/m);
    expect(said).not.toContain('St James');
    expect(await stockOf(shipped)).toBe(8);
    const id = lines.at(-4)?.slice(0, 30) ?? '';
    expect(await done('orders', '--customer', 'ada', '--status', 'completed')).toMatch(new RegExp(`^${id}  completed  warehouse .*EUR 44\\.90$`, 'm'));
    expect(await done('watch', id)).toContain(`${id}  100 %  Completed`);
  });

  test('that is declined ends with 1, says why, and the goods are there again', async () => {
    const productId = await product(mug);
    const ended = await cli(['order', '--customer', 'ada', '--item', productId, ...home, '--gateway', 'stripe', '--method', 'pm_card_chargeDeclined']);
    expect(ended.code).toBe(1);
    expect(ended.stdout).toMatch(/^ord_\w{26} {2}(failed|undoing) \(card_declined\)\n/);
    expect(ended.stderr).toMatch(/^✖ The order came to nothing at its payment: Declined by the bank/);
    expect(await stockOf(productId)).toBe(10);
  });

  const refused: [string, () => Promise<readonly string[]>, RegExp, RegExp][] = [
    ['a product that does not exist', () => Promise.resolve(['order', '--customer', 'ada', '--item', 'no-such=1', ...card]), /\(product_not_found\)$/, /products/],
    ['more than there is', async () => ['order', '--customer', 'ada', '--item', `${await product(mug)}=11`, ...home, ...card], /\(out_of_stock\)$/, /Ask for less/],
    ['goods without an address', async () => ['order', '--customer', 'ada', '--item', await product(mug), ...card], /shipTo.*\(invalid_request\)$/, /--help/],
    ['an order that does not exist, to cancel', () => Promise.resolve(['cancel', newOrderId()]), /\(order_not_found\)$/, /orders/],
    ['an order that does not exist, to resume', () => Promise.resolve(['resume', newOrderId()]), /\(order_not_found\)$/, /orders/],
    ['an order that does not exist, to watch', () => Promise.resolve(['watch', newOrderId()]), /\(flow_not_found\)$/, /orders/],
    ["another tenant's order", async () => ['cancel', (await ordered()).id, '--tenant', 'shop-b'], /\(order_not_found\)$/, /--tenant/],
    ['an order that is completed, to cancel', async () => ['cancel', (await completed()).id], /\(not_cancellable\)$/, /refund/],
  ];
  test.each(refused)('refuses %s', async (_, command, what, remedy) => {
    expectRefusal(await cli(await command()), what, remedy);
  });

  const wrong: [string, readonly string[], RegExp][] = [
    ['no item', ['order', '--customer', 'ada', ...card], /--item/],
    ['half a quantity', ['order', '--customer', 'ada', '--item', 'mug=1.5', ...card], /product=quantity/],
    ['a quantity of zero', ['order', '--customer', 'ada', '--item', 'mug=0', ...card], /from 1 to 10000/],
    ['half an address', ['order', '--customer', 'ada', '--item', 'mug', '--ship-to', 'London', ...card], /name; street/],
    ['a country that does not exist', ['order', '--customer', 'ada', '--item', 'mug', '--ship-to', 'Ada; 1 Road; Town; 1; XX', ...card], /country/],
    ['a file that is not there', ['order', '--customer', 'ada', '--item', 'mug', '--ship-to', '@/no/such/file', ...card], /cannot be read/],
  ];
  test.each(wrong)('with %s is a usage error', async (_, command, what) => {
    const { code, stdout, stderr } = await cli(command);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(what);
  });
});

describe('an order on its way', () => {
  test('is cancelled: it is undone, and its status says so', async () => {
    const productId = await product(mug);
    const { id, paymentId } = await onItsWay(productId);
    const watching = start(['watch', id, '--json']);
    await watching.until('"progress"');
    // Its bank answers after a while; what comes of the wish is shown then. Not by a command, which may take too long to start.
    await (await shop('shop-a')).call('POST', `/v1/orders/${id}/cancel`);
    const { code, stdout } = await watching.ended;
    expect(code).toBe(0);
    const last = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as FlowView;
    expect(last).toMatchObject({ id: `order:${id}`, type: 'order', businessStatus: 'cancelled', progress: 100 });
    expect(await done('cancel', id)).toMatch(new RegExp(`^${id}  cancelled\n`));
    expect(await done('status', id)).toMatch(new RegExp(`^order:${id}  cancelled, flow completed\n`));
    expect(await stockOf(productId)).toBe(10);
    expect(await done('payments', '--subject', id)).toContain(`${paymentId}  refunded`);
  });

  test('that cannot be undone is parked where everybody sees it, and resumed', async () => {
    const { id, paymentId } = await onItsWay(await product(mug));
    await sandbox.faults({ party: 'stripe', kind: 'error', operation: 'refund', match: { paymentId } });
    await cli(['cancel', id]);
    await eventually('the order to be parked', async () => (await done('status', id)).startsWith(`order:${id}  parked, flow running\n`), 150_000);
    const said = await done('status', id);
    expect(said).toMatch(/Parked: the payment could not be undone/);
    expect(said).toMatch(new RegExp(`Next: .* resume ${id} --tenant shop-a\n$`));
    const list = await eventually('the parked flow in the list', async () => {
      const now = await done('flows', '--type', 'order', '--state', 'parked');
      return now.includes(id) && now;
    });
    expect(list).toMatch(/1 flow is parked: .*\n.* resume order:ord_/);
    const watching = start(['watch', id]);
    await watching.until(`resume ${id}`);
    await sandbox.clearFaults();
    expect(await done('resume', `order:${id}`)).toMatch(new RegExp(`^${id}  cancelled\n`));
    expect(await watching.ended).toMatchObject({ code: 0, stdout: expect.stringContaining('100 %  Cancelled') });
    expect(await done('payments', '--subject', id)).toContain(`${paymentId}  refunded`);
    expectRefusal(await cli(['resume', id]), /\(nothing_to_resume\)$/, /parked/);
  }, 240_000);
});

// Here, as the faults of the sandbox are cleared after each of these tests: no other file of commands makes any.
describe('a purchase on its way', () => {
  test('that cannot be undone is parked where everybody sees it, and resumed', async () => {
    const [who, productId] = [`cli-${randomUUID()}`, await product(mug)];
    await sandbox.faults({ party: 'stripe', kind: 'delay', delayMs: 15_000, when: 'after', operation: 'authorise', match: { method: 'pm_card_discover' } });
    await done('basket', who, '--put', `${productId}=2`);
    const { id, paymentId, status } = JSON.parse(await done('buy', '--customer', who, '--gateway', 'stripe', '--method', 'pm_card_discover', '--json')) as PurchaseView;
    expect(status).toBe('pending');
    await sandbox.faults({ party: 'stripe', kind: 'error', operation: 'refund', match: { paymentId } });
    await cli(['cancel', id]);
    await eventually('the purchase to be parked', async () => (await done('status', id)).startsWith(`purchase:${id}  parked, flow running\n`), 150_000);
    expect(await done('status', id)).toMatch(new RegExp(`[Pp]arked: give the money back.*\n(.*\n)*  Next: .* resume ${id} --tenant shop-a\n$`));
    const list = await eventually('the parked flow in the list', async () => {
      const now = await done('flows', '--type', 'purchase', '--state', 'parked');
      return now.includes(id) && now;
    });
    expect(list).toMatch(/parked: .*\n.* resume purchase:pur_/);
    await sandbox.clearFaults();
    expect(await done('resume', id)).toMatch(new RegExp(`^${id}  cancelled\n`));
    expect(await done('payments', '--subject', id)).toContain(`${paymentId}  refunded`);
    expect(await done('basket', who)).toContain(productId);
    expect(await stockOf(productId)).toBe(10);
    expectRefusal(await cli(['resume', id]), /\(nothing_to_resume\)$/, /parked/);
  }, 240_000);
});

describe('invoice', () => {
  const paidOrder = async (): Promise<string> => (await completed()).id;

  test('says its number and a link that opens it', async () => {
    const said = await done('invoice', await paidOrder());
    expect(said).toMatch(/^INV-\d{4}-\d{6} {2}stored\n {2}EUR 9\.00 for order ord_\w{26}, customer ada, issued \d{4}-\d\d-\d\d, inv_\w{26}\n {2}Until .* UTC: http\S+\n$/);
    const pdf = await fetch(/UTC: (\S+)\n/.exec(said)?.[1] ?? '');
    expect([pdf.status, Buffer.from(await pdf.arrayBuffer()).subarray(0, 5).toString()]).toEqual([200, '%PDF-']);
  });

  test('is saved as a PDF, and no file is overwritten without --force', async () => {
    const [id, file] = [await paidOrder(), path.join(folder, 'invoice.pdf')];
    const invoice = JSON.parse(await done('invoice', id, '--output', file, '--json')) as InvoiceView;
    const pdf = await readFile(file);
    expect([pdf.subarray(0, 5).toString(), pdf.byteLength]).toEqual(['%PDF-', invoice.bytes]);
    await writeFile(file, 'mine');
    expectRefusal(await cli(['invoice', id, '--output', file]), /There is a file .* already/, /--force/);
    expect(await readFile(file, 'utf8')).toBe('mine');
    expect(await done('invoice', invoice.id, '--output', file, '--force')).toContain(`Saved as ${file}\n`);
    expect(await readFile(file)).toEqual(pdf);
    expectRefusal(await cli(['invoice', id, '--output', path.join(folder, 'no/such/folder.pdf')]), /cannot be written: ENOENT/, /folder/);
  });

  test('is one however often it is asked for, listed, followed by its own id, and never cancelled', async () => {
    const id = await paidOrder();
    const invoices = [await done('invoice', id, '--json'), await done('invoice', id, '--json')].map((text) => JSON.parse(text) as InvoiceView);
    const [first] = invoices;
    expect(invoices.map(({ number }) => number)).toEqual([first?.number, first?.number]);
    const lines = (await done('invoices', '--subject', id)).trimEnd().split('\n');
    expect(lines.slice(1)).toEqual([expect.stringMatching(new RegExp(`^${first?.number}  ${first?.id}  stored  ${id} .* EUR 9\\.00$`))]);
    expect(await done('watch', first?.id ?? '')).toContain('100 %');
    expect(await done('status', `invoice:shop-a:${id}`)).toMatch(new RegExp(`^invoice:shop-a:${id}  stored`));
    expectRefusal(await cli(['cancel', first?.id ?? '']), /a number that was given stays given.*\(not_cancellable\)$/, /refund/);
    expectRefusal(await cli(['resume', first?.id ?? '']), /\(nothing_to_resume\)$/, /invoice/);
  });

  test('of what is not paid is refused', async () => {
    expectRefusal(await cli(['invoice', newOrderId()]), /\(payment_not_found\)$/, /payments/);
    expectRefusal(await cli(['invoice', 'inv_01jq0000000000000000000000']), /\(invoice_not_found\)$/, /invoices/);
  });
});
