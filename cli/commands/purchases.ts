/** `buy` and `purchases`. */
import type { Command } from 'commander';
import { purchaseKinds, purchaseStatuses, type PurchaseKind, type PurchaseStatus } from '../../contracts/purchases/flow.ts';
import { purchaseView, type PurchaseView } from '../../contracts/purchases/schemas.ts';
import { overHttp, show, withPaging, type PageOptions } from '../listing.ts';
import { aBookingId, aForeignId, choice, examples } from '../options.ts';
import { statusStyle } from '../output.ts';
import { howToPay, withPayment, type PaymentOptions } from '../paying.ts';
import { report, sales } from '../sales/index.ts';
import { whatIsBought } from '../sales/purchase.ts';
import { money, when, type Column } from '../text.ts';

export function addBuy(program: Command): void {
  const command = withPayment(
    program
      .command('buy')
      .summary("buy a held vehicle, or a customer's basket")
      .description('Buys the vehicle that a booking holds, or everything in the basket of the customer, and says what came of it. What comes to nothing is undone: exit code 1.')
      .requiredOption('-c, --customer <id>', 'who buys: the id that the shop uses', aForeignId)
      .option('-b, --booking <id>', 'the held vehicle, bkg_… (default: the basket)', aBookingId),
  );
  examples(command, [
    'buy --tenant motorhaus --customer c-1002 --booking bkg_01k… --gateway stripe --method pm_card_visa',
    'buy --tenant seaview --customer c-1001 --gateway stripe --method pm_card_visa --watch',
  ]).action(async ({ customer, booking, ...options }: PaymentOptions & { customer: string; booking?: string }) => {
    const body = { customerId: customer, ...(booking !== undefined && { bookingId: booking }), ...howToPay(options) };
    await report(sales.purchase, await sales.purchase.post('/v1/purchases', body, options), options);
  });
}

const columns: readonly Column<PurchaseView>[] = [
  { title: 'ID', text: ({ id }) => id, whole: true },
  { title: 'STATUS', text: ({ status, reason }) => (reason === undefined || reason === status ? status : `${status} (${reason})`), style: ({ status }) => statusStyle(status) },
  { title: 'WHAT', text: whatIsBought },
  { title: 'CUSTOMER', text: ({ customerId }) => customerId },
  { title: 'CREATED', text: ({ createdAt }) => when(createdAt) },
  { title: 'AMOUNT', text: ({ amount, currency }) => money(amount, currency), right: true },
];

interface PurchasesOptions extends PageOptions {
  readonly status?: PurchaseStatus;
  readonly kind?: PurchaseKind;
  readonly customer?: string;
}

export function addPurchases(program: Command): void {
  const command = program
    .command('purchases')
    .summary('list purchases, newest first')
    .description('Lists the purchases of a tenant, newest first.')
    .addOption(choice('-s, --status <status>', 'only these', purchaseStatuses))
    .addOption(choice('-k, --kind <kind>', 'only vehicles, or only baskets', purchaseKinds))
    .option('-c, --customer <id>', 'only of this customer', aForeignId);
  examples(withPaging(command), ['purchases --tenant seaview --status completed', 'purchases --customer c-1001 --all --json']).action(async ({ status, kind, customer, ...options }: PurchasesOptions) => {
    show(await overHttp('/v1/purchases', purchaseView, { status, kind, customerId: customer }, options), columns, options, 'There are no such purchases.');
  });
}
