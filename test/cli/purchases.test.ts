import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { newPurchaseId, type PurchaseView } from '../../client/index.ts';
import type { BasketView } from '../../contracts/products.ts';
import type { CaseView, RunView } from '../../contracts/reconciliation.ts';
import type { Databases } from '../../services/database/connection.ts';
import { cli, controlCharacters, done, expectRefusal } from '../support/cli.ts';
import { openTestDatabase } from '../support/database.ts';
import { eventually, shop } from '../support/http.ts';
import { heldCar, mug, paidRoom, product, song } from './sales.ts';

const card = ['--gateway', 'stripe', '--method', 'pm_card_visa'];

let databases: Databases;
beforeAll(async () => void (databases = await openTestDatabase()));
afterAll(async () => await databases.close());

const customer = (): string => `cli-${randomUUID()}`;

describe('a basket', () => {
  test('is filled, changed, bought, and empty after that', async () => {
    const [who, first, second] = [customer(), await product(song), await product(mug)];
    expect(await done('basket', who)).toBe('The basket is empty.\n');
    const filled = await done('basket', who, '--put', `${first}=2`, '--put', second);
    expect(filled).toMatch(/^PRODUCT +NAME +QUANTITY +EACH +AMOUNT\n/);
    expect(filled).toMatch(new RegExp(`^${first} +Song +2 +EUR 9\\.00 +EUR 18\\.00$`, 'm'));
    expect(filled).toMatch(/^Total: EUR 33\.00\n {2}Next: .* buy --customer /m);
    expect(JSON.parse(await done('basket', who, '--put', `${second}=0`, '--json')) as BasketView).toMatchObject({ customerId: who, items: [{ productId: first, quantity: 2 }], total: { amount: 1_800, currency: 'EUR' } });
    const said = await done('buy', '--customer', who, ...card, '--watch');
    expect(said).toMatch(new RegExp(`^pur_\\w{26}  completed\n  2 × Song, EUR 18\\.00, customer ${who}, payment pay_\\w{26}\n`, 'm'));
    expect(said).toMatch(new RegExp(`^  Download ${first} \\(5 times, until .* UTC\\): http`, 'm'));
    expect(await done('basket', who)).toBe('The basket is empty.\n');
    const lines = (await done('purchases', '--customer', who, '--kind', 'basket')).trimEnd().split('\n');
    expect(lines.slice(1)).toEqual([expect.stringMatching(new RegExp(`^pur_\\w{26}  completed  2 × Song  .* EUR 18\\.00$`))]);
  });

  test('that is declined stays as it is; the command ends with 1 and says why', async () => {
    const [who, productId] = [customer(), await product(song)];
    await done('basket', who, '--put', productId);
    const ended = await cli(['buy', '--customer', who, '--gateway', 'stripe', '--method', 'pm_card_visa_chargeDeclinedInsufficientFunds', '--json']);
    expect(ended.code).toBe(1);
    expect(JSON.parse(ended.stdout) as PurchaseView).toMatchObject({ reason: 'insufficient_funds', kind: 'basket', payment: { status: 'failed' } });
    expect(JSON.parse(ended.stderr)).toMatchObject({ error: { code: 'insufficient_funds', message: expect.stringContaining('not enough money') } });
    expect(await done('basket', who)).toContain(productId);
  });

  test.each([
    ['an empty basket', () => ['buy', '--customer', customer(), ...card], /\(basket_empty\)$/, /basket --help/],
    ['a product that does not exist', () => ['basket', customer(), '--put', 'no-such=1'], /\(product_not_found\)$/, /products/],
    ['a purchase that does not exist, to cancel', () => ['cancel', newPurchaseId()], /\(purchase_not_found\)$/, /purchases/],
    ['a purchase that does not exist, to resume', () => ['resume', newPurchaseId()], /\(purchase_not_found\)$/, /purchases/],
  ])('of %s is refused', async (_, command, what, remedy) => {
    expectRefusal(await cli(command()), what, remedy);
  });
});

describe('a held vehicle', () => {
  test('is bought by its holder only, and then it can neither be cancelled nor bought again', async () => {
    const { id } = await heldCar(databases);
    expectRefusal(await cli(['buy', '--customer', 'eve', '--booking', id, ...card]), /\(not_the_holder\)$/, /who holds/);
    const bought = (await done('buy', '--customer', 'ada', '--booking', id, ...card, '--watch')).trimEnd().split('\n');
    expect(bought.at(-2)).toMatch(/^pur_\w{26} {2}completed$/);
    expect(bought.at(-1)).toContain(`the vehicle of ${id}, EUR 12,000.00, customer ada`);
    expectRefusal(await cli(['cancel', bought.at(-2)?.slice(0, 30) ?? '']), /\(not_cancellable\)$/, /refund/);
    expectRefusal(await cli(['cancel', id]), /sold and paid for.* Refund payment pay_\w{26} first.*\(not_cancellable\)$/, /refund/);
    expectRefusal(await cli(['buy', '--customer', 'ada', '--booking', id, ...card]), /already/, /./);
  });

  test('whose payer never comes is given back when the purchase is cancelled', async () => {
    const { id } = await heldCar(databases);
    const said = await done('buy', '--customer', 'ada', '--booking', id, '--gateway', 'gopay');
    expect(said).toMatch(/^pur_\w{26} {2}pending\n.*\n {2}The payer has to act:\n {2}http:\S+\n {2}Next: .* watch pur_/);
    expect(await done('cancel', said.slice(0, 30))).toMatch(new RegExp(`^${said.slice(0, 30)}  cancelled\n`));
  });
});

test('a paid room that is cancelled keeps its money, and says how it is given back', async () => {
  const { id, subject } = await paidRoom(databases);
  expect(await done('cancel', subject.id)).toMatch(new RegExp(`^${subject.id}  released \\(cancelled.*\n(.*\n)*  Its money is given back by: .* refund ${id} --tenant shop-a\n$`));
});

describe('reconciliation', () => {
  /** We say a cent less than the gateway. A payment younger than two minutes would be left to the next run. */
  async function difference(): Promise<string> {
    const { id } = await paidRoom(databases);
    // While the gateway's news about it is not read, it is not judged.
    const owner = await shop('shop-a');
    await eventually('its webhooks to be read', async () => {
      const { items } = (await owner.call('GET', `/v1/webhooks/received?paymentId=${id}`)).body as { items: { processedAt?: string }[] };
      return items.every(({ processedAt }) => processedAt !== undefined);
    }, 60_000);
    const before = new Date(Date.now() - 10 * 60_000);
    await databases.write.updateTable('payments').set({ captured_minor: 26_999, created_at: before, updated_at: before }).where('tenant_id', '=', 'shop-a').where('id', '=', id).execute();
    return id;
  }

  test('finds a difference, shows its evidence, and closes it with a note', async () => {
    const paymentId = await difference();
    const run = JSON.parse(await done('reconcile', '--json')) as RunView;
    expect(run).toMatchObject({ status: 'completed', compared: expect.any(Number) });
    const { items } = JSON.parse(await done('cases', '--status', 'open', '--all', '--json')) as { items: CaseView[] };
    const found = items.find((item) => item.paymentId === paymentId);
    const id = found?.id ?? '';
    expect(await done('cases', '--status', 'open')).toMatch(new RegExp(`^${id}  open .* stripe +${paymentId} `, 'm'));
    const said = await done('case', id);
    expect(said).toMatch(/^ {2}ours .*EUR 269\.99/m);
    expect(said).toMatch(/^ {2}theirs .*EUR 270\.00/m);
    expect(await done('case', id, '--resolve', 'a test did it')).toMatch(new RegExp(`^${id}  resolved\n(.*\n)* {2}Closed .* by operator: a test did it\n$`));
    expectRefusal(await cli(['case', id, '--resolve', 'again']), /\(case_closed\)$/, /cases --status open/);
    expectRefusal(await cli(['case', id, '--tenant', 'shop-b']), /\(case_not_found\)$/, /--tenant/);
  });

  test('says in words what came of a run', async () => {
    expect(await done('reconcile')).toMatch(/^run_\w{26} {2}completed\n {2}\d+ payments? (was|were) compared: \d+ new cases?, \d+ cases? gone\.\n/);
  });
});

describe('text from outside', () => {
  test('never reaches the terminal as commands: names of products, customers, addresses of payers', async () => {
    const hostile = 'evil\u009b31m\u202etxt.exe\u2028x';
    const productId = await product({ ...song, name: 'evil' });
    await databases.write.updateTable('products').set({ name: `${hostile}\u001b[2J` }).where('tenant_id', '=', 'shop-a').where('id', '=', productId).execute();
    const who = customer();
    await done('basket', who, '--put', productId);
    await done('buy', '--customer', who, '--gateway', 'gopay');
    for (const args of [['products', '--all'], ['products', '--all', '--json'], ['basket', who], ['purchases', '--customer', who]]) {
      const said = await done(...args);
      expect(said).toContain('evil');
      expect(said).not.toMatch(controlCharacters);
    }
  });
});
