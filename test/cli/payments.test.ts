import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { newPaymentId, type BookingView, type FlowView, type PaymentView, type RefundView } from '../../client/index.ts';
import { balanceOf, heldRoom, money, paidRoom } from './sales.ts';
import { cli, done, expectRefusal, paste, type Ended } from '../support/cli.ts';
import type { Databases } from '../../services/database/connection.ts';
import { openTestDatabase } from '../support/database.ts';
import { eventually } from '../support/http.ts';

let databases: Databases;
beforeAll(async () => void (databases = await openTestDatabase()));
afterAll(async () => await databases.close());

const card = ['--gateway', 'stripe', '--method', 'pm_card_visa'];
const booking = async (): Promise<string> => (await heldRoom(databases)).id;

const paid = async (): Promise<PaymentView> => await paidRoom(databases);

describe('pay', () => {
  test('says what was paid for what, and the booking is confirmed', async () => {
    const { id, amount } = await heldRoom(databases);
    const said = await done('pay', id, ...card, '--watch');
    const lines = said.trimEnd().split('\n');
    expect(lines.at(-2)).toMatch(/^pay_\w{26} {2}settled$/);
    expect(lines.at(-1)).toBe(`  ${money(amount)} by stripe for booking ${id}, customer ada`);
    expect(lines.at(-3)).toMatch(/^pay_\w{26} {2}100 % {2}Settled\b/);
    expect(await done('bookings', '--customer', 'ada', '--all')).toMatch(new RegExp(`^${id}  confirmed`, 'm'));
  });

  test('takes the money when the booking is certain, with --capture manual', async () => {
    const payment = JSON.parse(await done('pay', await booking(), ...card, '--json', '--capture', 'manual', '--amount', '270.00', '--currency', 'EUR')) as PaymentView;
    expect(payment).toMatchObject({ status: 'settled', captured: 27_000, currency: 'EUR' });
  });

  test.each([
    ['pm_card_visa_chargeDeclinedInsufficientFunds', 'insufficient_funds', /^✖ The payment failed: Declined: there is not enough money on the account\. \(insufficient_funds\)\n {2}The payer can pay with another card/],
    ['pm_card_chargeDeclinedExpiredCard', 'card_expired', /the card has expired/],
    ['pm_card_chargeDeclined', 'card_declined', /which does not say why/],
  ])('with %s ends with 1 and says what it means', async (method, code, words) => {
    const ended = await cli(['pay', await booking(), '--gateway', 'stripe', '--method', method]);
    expect(ended.code).toBe(1);
    expect(ended.stdout).toMatch(new RegExp(`^pay_\\w{26} {2}failed \\(${code}\\)\n`));
    expect(ended.stderr).toMatch(words);
    expect(ended.stderr).toMatch(/The booking was released, so book again/);
  });

  test('prints a declined payment as JSON, and why as JSON beside it', async () => {
    const { code, stdout, stderr } = await cli(['pay', await booking(), '--gateway', 'stripe', '--method', 'pm_card_chargeDeclined', '--json']);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ status: 'failed', captured: 0, failure: { code: 'card_declined' } });
    expect(JSON.parse(stderr)).toEqual({ error: { code: 'card_declined', message: expect.any(String), remedy: expect.any(String) } });
  });

  test('says where the payer has to act, and its next command works when it is pasted', async () => {
    const said = await done('pay', await booking(), '--gateway', 'gopay');
    expect(said).toMatch(/^pay_\w{26} {2}created\n {2}EUR 270\.00 by gopay .*\n {2}The payer has to act until .* UTC:\n {2}http:\S+\n {2}Next: /);
    const watching = paste(/Next: (.+)\n/.exec(said)?.[1] ?? '');
    await watching.until('Waiting for the payer');
    await done('cancel', said.slice(0, 30));
    expect(await watching.ended).toMatchObject({ code: 0, stdout: expect.stringContaining('100 %  Failed: cancelled') });
  });

  const refused: [string, () => Promise<readonly string[]>, RegExp, RegExp][] = [
    ['a booking that does not exist', () => Promise.resolve(['pay', 'bkg_01jq0000000000000000000000', ...card]), /\(booking_not_found\)$/, /bookings/],
    ["another tenant's booking", async () => ['pay', await booking(), ...card, '--tenant', 'shop-b'], /\(booking_not_found\)$/, /--tenant/],
    ['another amount than it costs', async () => ['pay', await booking(), ...card, '--amount', '269.99', '--currency', 'EUR'], /\(amount_mismatch\)$/, /--amount/],
    ['a booking of somebody else', async () => ['pay', await booking(), ...card, '--customer', 'eve'], /\(not_the_holder\)$/, /who holds/],
    ['what was paid already', async () => ['pay', (await paid()).subject.id, ...card], /\(already_paid\)$/, /payments/],
    ['a payment that does not exist, to refund', () => Promise.resolve(['refund', newPaymentId()]), /\(payment_not_found\)$/, /payments/],
    ['more than was taken, to refund', async () => ['refund', (await paid()).id, '--amount', '270.01'], /\(refund_over_captured\)$/, /Ask for less/],
    ['a settled payment, to cancel', async () => ['cancel', (await paid()).id], /\(payment_closed\)$/, /payments/],
    ['a payment that does not wait, to resume', async () => ['resume', (await paid()).id], /\(nothing_to_resume\)$/, /parked/],
    ['a payment that does not exist, to watch', () => Promise.resolve(['watch', newPaymentId()]), /\(flow_not_found\)$/, /payments/],
  ];
  test.each(refused)('refuses %s', async (_, command, what, remedy) => {
    expectRefusal(await cli(await command()), what, remedy);
  });
});

describe('refund', () => {
  test('gives back a part in major units, a part in minor units, then the rest', async () => {
    const { id } = await paid();
    expect(await done('refund', id, '--amount', '5.00', '--reason', 'a day late')).toMatch(new RegExp(`^rfd_\\w{26} {2}succeeded\n {2}EUR 5\\.00 of ${id}: a day late\n$`));
    expect(JSON.parse(await done('refund', id, '--amount', '500', '--minor', '--json')) as RefundView).toMatchObject({ paymentId: id, status: 'succeeded', amount: 500, currency: 'EUR' });
    expect(JSON.parse(await done('refund', id, '--json')) as RefundView).toMatchObject({ status: 'succeeded', amount: 26_000 });
    const [last] = (await done('payments', '--status', 'refunded')).split('\n').filter((line) => line.startsWith(id));
    expect(last).toMatch(/ EUR 270\.00 {2,}EUR 270\.00$/);
  });

  test('of an amount that the currency cannot have is a usage error, and nothing is given back', async () => {
    const { id } = await paid();
    const ended = await cli(['refund', id, '--amount', '5.001']);
    expect(ended).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(/^✖ EUR has 2 digits after the point; 5\.001 has 3\.\n {2}Write e\.g\. 5\.00\.\n$/) });
    expect(JSON.parse(await done('payments', '--status', 'settled', '--all', '--json'))).toMatchObject({ items: expect.arrayContaining([expect.objectContaining({ id, refunded: 0 })]) });
  });
});

describe('status', () => {
  test('of a payment says what it is for, how far it is and when it ended, by its own id and by that of its flow', async () => {
    const { id, subject } = await paid();
    const said = await eventually('the flow to have ended', async () => {
      const now = await done('status', id);
      return now.includes('flow completed') && now;
    });
    expect(said).toMatch(new RegExp(`^payment:${id} {2}settled, flow completed\n {2}Payment for booking ${subject.id} through stripe\n {2}100 % {2}Settled\\b.*\n {2}Started .* UTC, ended .* UTC\n`));
    expect(JSON.parse(await done('flow', `payment:${id}`, '--json')) as FlowView).toMatchObject({ id: `payment:${id}`, type: 'payment', status: 'completed', businessStatus: 'settled', progress: 100 });
  });

  test('of a booking works the same', async () => {
    const held = await heldRoom(databases);
    expect(await done('status', held.id)).toMatch(new RegExp(`^booking:${held.id} {2}held, flow running\n(.*\n)*.*Next: .* watch ${held.id} --tenant shop-a\n$`));
  });
});

describe('ledger', () => {
  test('shows the balances to the right, and that they sum to zero', async () => {
    // In a currency in which nobody else pays meanwhile.
    const before = await balanceOf('revenue', 'CHF');
    await paidRoom(databases, 'CHF');
    expect(await balanceOf('revenue', 'CHF')).toBe(before - 27_000);
    await paid();
    const lines = (await done('ledger')).trimEnd().split('\n');
    expect(lines[0]).toMatch(/^ACCOUNT +BALANCE$/);
    const width = lines[0]?.length;
    const balances = lines.slice(1).filter((line) => /^(gateway|revenue|deposits|seller|fees)/.test(line));
    expect(balances.map((line) => line.length)).toEqual(balances.map(() => width));
    expect(lines).toContain('CHF: all accounts sum to CHF 0.00');
    expect(lines).toContain('EUR: all accounts sum to EUR 0.00');
    expect(lines.at(-1)).toBe('The ledger is balanced.');
  });

  test('shows the movements of one payment with --entries', async () => {
    const { id } = await paid();
    const { items } = JSON.parse(await done('ledger', '--entries', '--payment', id, '--json')) as { items: { account: string; amount: number }[] };
    expect(items.reduce((sum, { amount }) => sum + amount, 0)).toBe(0);
    expect(items).toEqual(expect.arrayContaining([expect.objectContaining({ account: 'gateway:stripe', amount: 27_000 }), expect.objectContaining({ account: 'revenue', amount: -27_000 })]));
    expect(await done('ledger', '--entries', '--payment', id)).toMatch(/gateway:stripe +EUR 270\.00$/m);
  });
});

describe('a command about money that is not written right ends with 2', () => {
  const id = 'pay_01jq0000000000000000000000';
  const wrong: [string, readonly string[], RegExp][] = [
    ['no gateway', ['pay', 'bkg_01jq0000000000000000000000'], /--gateway/],
    ['a gateway that does not exist', ['pay', 'bkg_01jq0000000000000000000000', '--gateway', 'paypal'], /stripe, gopay, paytm/],
    ['an amount without its currency', ['pay', 'bkg_01jq0000000000000000000000', ...card, '--amount', '5.00'], /--amount and --currency go together/],
    ['a currency that does not exist', ['pay', 'bkg_01jq0000000000000000000000', ...card, '--amount', '5.00', '--currency', 'XQQ'], /ISO 4217/],
    ['a booking, to refund', ['refund', 'bkg_01jq0000000000000000000000'], /the id of a payment looks like pay_/],
    ['a payment, to pay', ['pay', id, ...card], /a booking id looks like bkg_/],
    ['a movement of one payment without --entries', ['ledger', '--payment', id], /go with --entries/],
  ];
  test.each(wrong)('%s', async (_, command, what) => {
    const ended: Ended = await cli(command);
    expect({ code: ended.code, stdout: ended.stdout }).toEqual({ code: 2, stdout: '' });
    expect(ended.stderr).toMatch(what);
  });
});

describe('the lists', () => {
  test('of payments shows only what the filter asks for', async () => {
    const { id, subject } = await paid();
    const lines = (await done('payments', '--subject', subject.id)).trimEnd().split('\n');
    expect(lines[0]?.split(/ {2,}/)).toEqual(['ID', 'STATUS', 'GATEWAY', 'FOR', 'CUSTOMER', 'CREATED', 'AMOUNT', 'GIVEN BACK']);
    expect(lines.slice(1)).toEqual([expect.stringMatching(new RegExp(`^${id}  settled  stripe   ${subject.id} .*EUR 270\\.00$`))]);
    expect(await done('payments', '--subject', subject.id, '--status', 'failed')).toBe('There are no such payments.\n');
    expect(await done('payments', '--subject', subject.id, '--tenant', 'shop-b')).toBe('There are no such payments.\n');
  });

  test('of flows shows one kind only', async () => {
    const { id } = await paid();
    const { items } = await eventually('the flow in the list', async () => {
      const page = JSON.parse(await done('flows', '--type', 'payment', '--limit', '50', '--json')) as { items: FlowView[] };
      return page.items.some((flow) => flow.id === `payment:${id}`) && page;
    });
    expect(new Set(items.map(({ type }) => type))).toEqual(new Set(['payment']));
  });
});

describe('a booking that is paid', () => {
  test('shows its payment as its reference', async () => {
    const { id, subject } = await paid();
    const { items } = JSON.parse(await done('bookings', '--all', '--json')) as { items: BookingView[] };
    expect(items.find((item) => item.id === subject.id)).toMatchObject({ status: 'confirmed', reference: id });
  });
});
