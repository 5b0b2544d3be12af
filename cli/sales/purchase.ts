/** How a purchase looks, and what its failure means. */
import type { PurchaseItemView, PurchaseView } from '../../contracts/purchases/schemas.ts';
import { quoted } from '../invocation.ts';
import { print } from '../output.ts';
import { money, safe } from '../text.ts';
import { cameToNothing, next, printDownloads, printHead, printRedirect, type Shown } from './shown.ts';

export function showPurchase(purchase: PurchaseView, tenantId: string): Shown {
  const { id, status, reason } = purchase;
  const isOpen = status === 'pending' || status === 'undoing';
  return {
    id,
    status,
    isOpen,
    isUndone: status === 'cancelled' || status === 'failed',
    failure: status === 'pending' || status === 'completed' ? undefined : cameToNothing('The purchase came to nothing', reason ?? 'cancelled', { tenantId, after: status === 'undoing' ? 'What was done is being undone.' : 'Nothing was kept.' }),
    json: purchase,
    print: () => {
      printHead(id, status, reason);
      print(`  ${safe(`${whatIsBought(purchase)}, ${money(purchase.amount, purchase.currency)}, customer ${purchase.customerId}, payment ${purchase.paymentId}`)}`);
      printRedirect(purchase.payment?.redirectUrl);
      printDownloads(purchase.downloads);
      if (isOpen) next(`watch ${quoted(id)}`, tenantId);
    },
  };
}

export function whatIsBought({ bookingId, items = [] }: PurchaseView): string {
  return bookingId === undefined ? itemsInWords(items) : `the vehicle of ${bookingId}`;
}

export const itemsInWords = (items: readonly Pick<PurchaseItemView, 'quantity' | 'name'>[]): string => items.map(({ quantity, name }) => `${quantity > 1 ? `${quantity} × ` : ''}${name}`).join(', ');
