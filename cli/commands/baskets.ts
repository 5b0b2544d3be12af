/** `products` and `basket`. */
import type { Command } from 'commander';
import { basketView, productKinds, productView, type BasketItem, type BasketView, type ProductKind, type ProductView } from '../../contracts/products.ts';
import { findTarget, openApi } from '../connection.ts';
import { invocation, quoted } from '../invocation.ts';
import { overHttp, show, withPaging, type PageOptions } from '../listing.ts';
import { aForeignId, anItem, choice, examples, several, withCommonOptions, type CommonOptions, type Item } from '../options.ts';
import { print, printJson } from '../output.ts';
import { money, safe, styled, table, type Column } from '../text.ts';

const productColumns: readonly Column<ProductView>[] = [
  { title: 'ID', text: ({ id }) => id, whole: true },
  { title: 'KIND', text: ({ kind }) => kind },
  { title: 'NAME', text: ({ name }) => name },
  { title: 'SELLER', text: ({ sellerId }) => sellerId },
  { title: 'STOCK', text: ({ stock }) => (stock === undefined ? '' : String(stock)), right: true, style: ({ stock }) => (stock === 0 ? 'red' : undefined) },
  { title: 'SOLD', text: ({ sold }) => String(sold), right: true },
  { title: 'PRICE', text: ({ price, currency }) => money(price, currency), right: true },
];

export function addProducts(program: Command): void {
  const command = program
    .command('products')
    .summary('list what is sold')
    .description('Lists the products of a tenant, by id. What has no stock is never sold out.')
    .addOption(choice('-k, --kind <kind>', 'digital: downloaded; physical: shipped', productKinds))
    .option('--seller <id>', 'only of this seller', aForeignId);
  examples(withPaging(command), ['products --tenant seaview', 'products --kind digital --json']).action(async ({ kind, seller, ...options }: PageOptions & { kind?: ProductKind; seller?: string }) => {
    show(await overHttp('/v1/products', productView, { kind, sellerId: seller }, options), productColumns, options, 'There are no such products.');
  });
}

const basketColumns: readonly Column<BasketItem>[] = [
  { title: 'PRODUCT', text: ({ productId }) => productId, whole: true },
  { title: 'NAME', text: ({ name }) => name },
  { title: 'QUANTITY', text: ({ quantity, beingPaid = 0 }) => (beingPaid === 0 ? String(quantity) : `${quantity} (${beingPaid} being paid)`), right: true },
  { title: 'EACH', text: ({ unitPrice, currency }) => money(unitPrice, currency), right: true },
  { title: 'AMOUNT', text: ({ amount, currency }) => money(amount, currency), right: true },
  { title: '', text: ({ warnings }) => warnings.map((warning) => warning.replaceAll('_', ' ')).join(', '), style: () => 'yellow' },
];

export function addBasket(program: Command): void {
  const command = program
    .command('basket')
    .summary('what a customer has put together, and change it')
    .description('Shows the basket of a customer at the prices of this moment. --put says how many of a product are in it in all; 0 takes it out.')
    .argument('<customer>', 'the id that the shop uses', aForeignId)
    .option('-p, --put <product=quantity>', 'how many of it are in the basket; may be given several times', several(anItem(0, 1_000)));
  examples(withCommonOptions(command), ['basket c-1001 --tenant seaview', 'basket c-1001 --put photographs=1 --put poster=2', 'basket c-1001 --put poster=0 --json']).action(
    async (customerId: string, { put = [], ...options }: CommonOptions & { put?: readonly Item[] }) => {
      const api = openApi(options);
      const path = `/v1/baskets/${encodeURIComponent(customerId)}`;
      for (const { productId, quantity } of put) await api.put(`${path}/items/${encodeURIComponent(productId)}`, basketView, { quantity });
      const basket = await api.get(path, basketView);
      if (options.json === true) printJson(basket);
      else printBasket(basket, findTarget(options).tenantId);
    },
  );
}

function printBasket({ customerId, items, total }: BasketView, tenantId: string): void {
  if (items.length === 0) return print(styled('dim', 'The basket is empty.'));
  print(table(items, basketColumns));
  if (total === undefined) return print('It has several currencies; one purchase has one.');
  print(safe(`Total: ${money(total.amount, total.currency)}`));
  if (total.amount > 0) print(`  Next: ${invocation(`buy --customer ${quoted(customerId)} --gateway stripe --method pm_card_visa --tenant ${quoted(tenantId)}`)}`);
}
