/** Who earns what of a sale: pure, so that it can be shown that nothing is lost or made on the way. */
import { accounts, type Entry } from '../ledger.ts';
import { shareOf } from '../money.ts';

export interface Sale {
  readonly seller_id: string;
  readonly amount_minor: number;
  /** What the platform keeps of it. */
  readonly fee_minor: number;
}

/** One line of a purchase: its price and the fee of it, which is rounded for each line. */
export function priceLine(unitPriceMinor: number, quantity: number, feeBasisPoints: number): { amount_minor: number; fee_minor: number } {
  const amount = unitPriceMinor * quantity;
  return { amount_minor: amount, fee_minor: shareOf(amount, feeBasisPoints) };
}

/** One entry for each seller, in the order of their first line, and one for the fees: together the amounts of all lines. */
export function sharesOf(sales: readonly Sale[]): Entry[] {
  const earned = new Map<string, number>();
  for (const { seller_id, amount_minor, fee_minor } of sales) earned.set(seller_id, (earned.get(seller_id) ?? 0) + amount_minor - fee_minor);
  return [
    ...[...earned].map(([sellerId, amountMinor]) => ({ account: accounts.seller(sellerId), amountMinor })),
    { account: accounts.fees, amountMinor: sales.reduce((sum, { fee_minor }) => sum + fee_minor, 0) },
  ];
}
