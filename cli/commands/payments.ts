/** `pay`, `refund`, `payments`. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { captureModes, gatewayNames, paymentStatuses, type CaptureMode, type GatewayName, type PaymentStatus } from '../../contracts/payments/flow.ts';
import { paymentView, refundView, type PaymentView, type RefundView } from '../../contracts/payments/schemas.ts';
import { text } from '../../contracts/values.ts';
import { parseAmount } from '../amounts.ts';
import type { ApiClient } from '../api-client.ts';
import { findTarget, openApi } from '../connection.ts';
import { CliError } from '../errors.ts';
import { invocation, quoted } from '../invocation.ts';
import { overHttp, show, withPaging, type PageOptions } from '../listing.ts';
import { aBookingId, aForeignId, anIdOf, checkedBy, choice, examples, withCommonOptions, type CommonOptions } from '../options.ts';
import { paintedStatus, print, printJson, statusStyle } from '../output.ts';
import { howToPay, withPayment, type PaymentOptions } from '../paying.ts';
import { report, sales } from '../sales/index.ts';
import { money, safe, when, type Column } from '../text.ts';

const refundPatienceMs = 8_000;
const lookPauseMs = 300;

const aPaymentId = anIdOf('payment', 'pay');

export function addPay(program: Command): void {
  const command = withPayment(
    program
      .command('pay')
      .summary('pay for a held booking')
      .description('Pays for a held booking and says what came of it. When the payer has to act, it says where. A decline releases the booking: exit code 1.')
      .argument('<booking>', 'the held booking, bkg_…', aBookingId)
      .addOption(choice('--capture <when>', 'manual: held first, and taken only when the booking is certain', captureModes))
      .option('-c, --customer <id>', 'only if the booking is held by this customer', aForeignId),
  );
  examples(command, [
    'pay bkg_01k… --tenant seaview --gateway stripe --method pm_card_visa',
    'pay bkg_01k… --gateway gopay --watch',
    'pay bkg_01k… --gateway stripe --method pm_card_visa --capture manual --amount 270.00 --currency EUR --json',
  ]).action(async (bookingId: string, { capture, customer, ...options }: PaymentOptions & { capture?: CaptureMode; customer?: string }) => {
    const body = { ...howToPay(options), ...(capture !== undefined && { capture }), ...(customer !== undefined && { customerId: customer }) };
    await report(sales.payment, await sales.payment.post(`/v1/bookings/${bookingId}/payment`, body, options), options);
  });
}

interface RefundOptions extends CommonOptions {
  readonly amount?: string;
  readonly minor?: boolean;
  readonly reason?: string;
}

export function addRefund(program: Command): void {
  const command = program
    .command('refund')
    .summary('give the money of a payment back, all or a part')
    .description('Gives back what is left of a payment, or a part of it. What was paid for is not touched: cancel it if it is to be given up.')
    .argument('<payment>', 'the payment, pay_…', aPaymentId)
    .option('--amount <amount>', 'in the currency of the payment, e.g. 5.00 (default: all that is left)')
    .option('--minor', 'the amount is in minor units, e.g. 500')
    .option('-r, --reason <text>', 'why', checkedBy(text(200)));
  examples(withCommonOptions(command), ['refund pay_01k… --tenant seaview', 'refund pay_01k… --amount 5.00 --reason "arrived a day late"', 'refund pay_01k… --amount 500 --minor --json']).action(
    async (id: string, { amount, minor, reason, ...options }: RefundOptions) => {
      const api = openApi(options);
      const body = {
        ...(amount !== undefined && { amount: parseAmount(amount, (await api.get(`/v1/payments/${id}`, paymentView)).currency, { minor }) }),
        ...(reason !== undefined && { reason }),
      };
      const refund = await decided(api, await api.post(`/v1/payments/${id}/refund`, refundView, body));
      if (options.json === true) printJson(refund);
      else printRefund(refund, findTarget(options).tenantId);
      if (refund.status === 'failed') {
        throw new CliError(`The gateway refused the refund: ${refund.failure ?? 'it does not say why'}`, 'Look at the payment in the dashboard of the gateway; it can be asked for again.', { code: 'refund_failed' });
      }
    },
  );
}

/** Most gateways give money back at once; for the others the refund goes on by itself. */
async function decided(api: ApiClient, requested: RefundView): Promise<RefundView> {
  let refund = requested;
  for (const deadline = Date.now() + refundPatienceMs; refund.status === 'requested' && Date.now() < deadline; ) {
    await sleep(lookPauseMs);
    const items = await api.all(`/v1/payments/${refund.paymentId}/refunds`, refundView);
    refund = items.find(({ id }) => id === requested.id) ?? refund;
  }
  return refund;
}

function printRefund({ id, status, amount, currency, paymentId, reason }: RefundView, tenantId: string): void {
  print(`${safe(id)}  ${paintedStatus(status)}`);
  print(`  ${safe(`${money(amount, currency)} of ${paymentId}${reason === undefined ? '' : `: ${reason}`}`)}`);
  if (status === 'requested') print(`  It goes on by itself: ${invocation(`watch ${quoted(paymentId)} --tenant ${quoted(tenantId)}`)}`);
}

const columns: readonly Column<PaymentView>[] = [
  { title: 'ID', text: ({ id }) => id, whole: true },
  { title: 'STATUS', text: ({ status, failure }) => (failure === undefined ? status : `${status} (${failure.code})`), style: ({ status }) => statusStyle(status) },
  { title: 'GATEWAY', text: ({ gateway }) => gateway },
  { title: 'FOR', text: ({ subject }) => subject.id, whole: true },
  { title: 'CUSTOMER', text: ({ customerId }) => customerId },
  { title: 'CREATED', text: ({ createdAt }) => when(createdAt) },
  { title: 'AMOUNT', text: ({ amount, currency }) => money(amount, currency), right: true },
  { title: 'GIVEN BACK', text: ({ refunded, currency }) => (refunded === 0 ? '' : money(refunded, currency)), right: true },
];

interface PaymentsOptions extends PageOptions {
  readonly status?: PaymentStatus;
  readonly gateway?: GatewayName;
  readonly customer?: string;
  readonly subject?: string;
}

export function addPayments(program: Command): void {
  const command = program
    .command('payments')
    .summary('list payments, newest first')
    .description('Lists the payments of a tenant, newest first.')
    .addOption(choice('-s, --status <status>', 'only these', paymentStatuses))
    .addOption(choice('-g, --gateway <name>', 'only of this gateway', gatewayNames))
    .option('-c, --customer <id>', 'only of this customer', aForeignId)
    .option('--subject <id>', 'only for this booking, purchase or order', aForeignId);
  examples(withPaging(command), ['payments --tenant seaview --status settled', 'payments --subject ord_01k… --json']).action(async ({ status, gateway, customer, subject, ...options }: PaymentsOptions) => {
    show(await overHttp('/v1/payments', paymentView, { status, gateway, customerId: customer, subjectId: subject }, options), columns, options, 'There are no such payments.');
  });
}
