/** How an order looks, and what its failure means. */
import type { OrderView } from '../../contracts/orders/schemas.ts';
import { quoted } from '../invocation.ts';
import { print } from '../output.ts';
import { money, safe } from '../text.ts';
import { itemsInWords } from './purchase.ts';
import { cameToNothing, next, printDownloads, printHead, printRedirect, type Shown } from './shown.ts';

const opens: ReadonlySet<string> = new Set(['pending', 'confirmed', 'undoing']);

export function showOrder(order: OrderView, tenantId: string): Shown {
  const { id, status, reason } = order;
  const isOpen = opens.has(status);
  const cameTo = status === 'undoing' ? 'What was done is being undone.' : 'All that was done was undone.';
  return {
    id,
    status,
    isOpen,
    isUndone: status === 'cancelled' || status === 'failed',
    failure: status === 'undoing' || status === 'cancelled' || status === 'failed' ? cameToNothing(`The order came to nothing at its ${order.step}`, reason ?? 'cancelled', { tenantId, after: cameTo }) : undefined,
    json: order,
    print: () => {
      printHead(id, status, reason);
      print(`  ${safe(`${itemsInWords(order.items)}, ${money(order.amount, order.currency)}${shipping(order)}, customer ${order.customerId}, payment ${order.paymentId}`)}`);
      if (order.shipment?.status === 'labelled') print(`  ${safe(`Sent by ${order.shipment.carrier}, ${order.shipment.service}, tracking ${order.shipment.tracking}`)}`);
      printRedirect(order.payment?.redirectUrl);
      printDownloads(order.downloads);
      if (isOpen) next(`watch ${quoted(id)}`, tenantId);
    },
  };
}

const shipping = (order: OrderView): string => (order.ships ? `, of which ${money(order.shipping, order.currency)} for shipping` : '');
