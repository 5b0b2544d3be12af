/** What an order comes to, by the catalogue as it is now: pure. */
import type { Selectable } from 'kysely';
import { maxAmountMinor } from '../../../contracts/values.ts';
import type { Refusal } from '../../../contracts/failures.ts';
import type { OrderedItem } from '../../../contracts/orders/flow.ts';
import type { Database } from '../schema.ts';
import type { ItemRow } from './rows.ts';

export type CatalogueRow = Pick<Selectable<Database['products']>, 'id' | 'name' | 'kind' | 'price_minor' | 'currency' | 'stock' | 'weight_grams' | 'vat_basis_points'>;

export interface Draft {
  readonly lines: readonly Omit<ItemRow, 'tenant_id' | 'order_id'>[];
  readonly itemsMinor: number;
  readonly currency: string;
}

/** @param vatBasisPoints of products that state none of their own. */
export function draftOrder(products: readonly CatalogueRow[], items: readonly OrderedItem[], vatBasisPoints: number): Draft | Refusal {
  const byId = new Map(products.map((product) => [product.id, product]));
  const currencies = new Set(products.map(({ currency }) => currency));
  const lines: Draft['lines'][number][] = [];
  for (const [index, { productId, quantity }] of items.entries()) {
    const product = byId.get(productId);
    if (product === undefined) return { refused: 'product_not_found', detail: `There is no product ${productId}.` };
    const short = refuseShort(product, quantity);
    if (short !== undefined) return short;
    lines.push({
      line: index + 1,
      product_id: productId,
      name: product.name,
      quantity,
      unit_price_minor: product.price_minor,
      amount_minor: product.price_minor * quantity,
      vat_basis_points: product.vat_basis_points ?? vatBasisPoints,
      weight_grams: product.weight_grams ?? 0,
      ships: product.kind === 'physical',
    });
  }
  const [currency, other] = currencies;
  if (currency === undefined || other !== undefined) return { refused: 'mixed_currencies', detail: `The products are priced in ${[...currencies].join(' and ')}; one order has one currency.` };
  const itemsMinor = lines.reduce((sum, { amount_minor }) => sum + amount_minor, 0);
  if (itemsMinor > maxAmountMinor) return { refused: 'invalid_request', detail: 'The price of all this is beyond what can be charged.' };
  return { lines, itemsMinor, currency };
}

/** A look, or a decision when the product's row is locked. */
export function refuseShort({ id, name, stock }: Pick<CatalogueRow, 'id' | 'name' | 'stock'>, quantity: number): Refusal | undefined {
  if (stock === null || stock >= quantity) return undefined;
  return { refused: 'out_of_stock', detail: `Of ${name} (${id}) ${stock} are left; asked for were ${quantity}.` };
}
