/** `order` and `orders`. */
import type { Command } from 'commander';
import { orderStatuses, type OrderStatus } from '../../contracts/orders/flow.ts';
import { orderView, type OrderView, type ShipTo } from '../../contracts/orders/schemas.ts';
import { overHttp, show, withPaging, type PageOptions } from '../listing.ts';
import { aForeignId, anItem, choice, examples, several, type Item } from '../options.ts';
import { statusStyle } from '../output.ts';
import { howToPay, withPayment, type PaymentOptions } from '../paying.ts';
import { report, sales } from '../sales/index.ts';
import { itemsInWords } from '../sales/purchase.ts';
import { anAddress } from '../ship-to.ts';
import { money, when, type Column } from '../text.ts';

interface OrderOptions extends PaymentOptions {
  readonly customer: string;
  readonly item: readonly Item[];
  readonly shipTo?: ShipTo;
}

/** Over HTTP only: the address is personal data, and the API keeps it out of every history. */
export function addOrder(program: Command): void {
  const command = withPayment(
    program
      .command('order')
      .summary('order products, paid and shipped')
      .description('Orders products: paid, put aside, labelled, confirmed and handed to the warehouse. What cannot be carried out is undone: exit code 1.')
      .requiredOption('-c, --customer <id>', 'who orders: the id that the shop uses', aForeignId)
      .requiredOption('-i, --item <product=quantity>', 'what; may be given several times', several(anItem(1, 10_000)))
      .option('--ship-to <address>', '"name; street; [more;] city; postcode; country", or @file with JSON; needed when something is shipped', anAddress),
  );
  examples(command, [
    'order --tenant seaview --customer c-1001 --item mug-blue=2 --ship-to "Ada Lovelace; 12 St James Square; London; SW1Y 4JH; GB" --gateway stripe --method pm_card_visa',
    'order --customer c-1001 --item mug-blue --item poster=3 --ship-to @address.json --gateway gopay --watch',
  ]).action(async ({ customer, item, shipTo, ...options }: OrderOptions) => {
    const body = { customerId: customer, items: item, ...(shipTo !== undefined && { shipTo }), ...howToPay(options) };
    await report(sales.order, await sales.order.post('/v1/orders', body, options), options);
  });
}

const columns: readonly Column<OrderView>[] = [
  { title: 'ID', text: ({ id }) => id, whole: true },
  { title: 'STATUS', text: ({ status, reason }) => (reason === undefined || reason === status ? status : `${status} (${reason})`), style: ({ status }) => statusStyle(status) },
  { title: 'STEP', text: ({ step }) => step },
  { title: 'WHAT', text: ({ items }) => itemsInWords(items) },
  { title: 'CUSTOMER', text: ({ customerId }) => customerId },
  { title: 'CREATED', text: ({ createdAt }) => when(createdAt) },
  { title: 'AMOUNT', text: ({ amount, currency }) => money(amount, currency), right: true },
];

export function addOrders(program: Command): void {
  const command = program
    .command('orders')
    .summary('list orders, newest first')
    .description('Lists the orders of a tenant, newest first. An order that is being undone may be parked: `flows --type order` shows it.')
    .addOption(choice('-s, --status <status>', 'only these', orderStatuses))
    .option('-c, --customer <id>', 'only of this customer', aForeignId);
  examples(withPaging(command), ['orders --tenant seaview --status undoing', 'orders --customer c-1001 --json']).action(async ({ status, customer, ...options }: PageOptions & { status?: OrderStatus; customer?: string }) => {
    show(await overHttp('/v1/orders', orderView, { status, customerId: customer }, options), columns, options, 'There are no such orders.');
  });
}
