/** Payments, purchases and orders: where each is asked for, and how each is shown. */
import type { ZodType } from 'zod';
import { orderView } from '../../contracts/orders/schemas.ts';
import { purchaseView } from '../../contracts/purchases/schemas.ts';
import { openApi, findTarget, withHoldfast, type ConnectionOptions } from '../connection.ts';
import { follow } from '../follow.ts';
import type { CommonOptions } from '../options.ts';
import { printJson } from '../output.ts';
import { showOrder } from './order.ts';
import { paymentOutcome, showPayment } from './payment.ts';
import { showPurchase } from './purchase.ts';
import type { Shown } from './shown.ts';

export type SaleKind = 'payment' | 'purchase' | 'order';

export interface Sale {
  readonly kind: SaleKind;
  readonly path: string;
  get(id: string, options: ConnectionOptions): Promise<Shown>;
  /** A call that answers how it stands after it. */
  post(path: string, body: object, options: ConnectionOptions): Promise<Shown>;
}

function sale<View>(kind: SaleKind, view: ZodType<View>, show: (view: View, tenantId: string) => Shown): Sale {
  const path = `/v1/${kind}s`;
  const shown = (answer: View, options: ConnectionOptions): Shown => show(answer, findTarget(options).tenantId);
  return {
    kind,
    path,
    get: async (id, options) => shown(await openApi(options).get(`${path}/${id}`, view), options),
    post: async (to, body, options) => shown(await openApi(options).post(to, view, body), options),
  };
}

export const sales: Record<SaleKind, Sale> = {
  payment: sale('payment', paymentOutcome, showPayment),
  purchase: sale('purchase', purchaseView, showPurchase),
  order: sale('order', orderView, showOrder),
};

/**
 * Says what came of what was begun; with `--watch` only when its flow has ended.
 * @throws {CliError} when it came to nothing.
 */
export async function report(sale: Sale, begun: Shown, { watch, json, ...options }: CommonOptions & { readonly watch?: boolean }): Promise<void> {
  let now = begun;
  if (watch === true) {
    const { id } = begun;
    const seen = await withHoldfast(options, async (holdfast, { tenantId }) => await follow(holdfast, { kind: sale.kind, id }, { json: json === true, tenantId }));
    if (seen === 'left') return;
    now = await sale.get(id, options);
  }
  if (json !== true) now.print();
  else if (watch !== true) printJson(now.json);
  if (now.failure !== undefined) throw now.failure;
}
