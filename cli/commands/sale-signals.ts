/** `cancel` and `resume` of a payment, a purchase or an order. */
import { z } from 'zod';
import { workflowIdOf } from '../../contracts/flows.ts';
import { openApi, withHoldfast } from '../connection.ts';
import { CliError } from '../errors.ts';
import { flowSettled, isParked, stepOf } from '../follow.ts';
import { invocation, quoted } from '../invocation.ts';
import type { CommonOptions } from '../options.ts';
import { printJson } from '../output.ts';
import { sales, type SaleKind } from '../sales/index.ts';
import type { Shown } from '../sales/shown.ts';

interface SaleRef {
  readonly kind: SaleKind;
  readonly id: string;
}

/** Over HTTP: the API knows up to when each of them can be stopped, and picks up what has lost its flow. */
export async function cancelSale({ kind, id }: SaleRef, options: CommonOptions): Promise<void> {
  const sale = sales[kind];
  await sale.post(`${sale.path}/${id}/cancel`, {}, options);
  const now = await outcome({ kind, id }, options);
  say(now, options);
  if (!now.isUndone) throw new CliError(`It was too late: the ${kind} is ${now.status}.`, `Give the money back instead: ${invocation('refund --help')}`, { code: 'not_cancellable' });
}

export async function resumeSale({ kind, id }: SaleRef, options: CommonOptions): Promise<void> {
  // Of an order the API knows more: one that has lost its flow is picked up, too.
  if (kind === 'order') await sales.order.post(`/v1/orders/${id}/resume`, {}, options);
  else {
    // What there is not is named as what it would be.
    await sales[kind].get(id, options);
    await openApi(options).post(`/v1/flows/${workflowIdOf(id) ?? id}/resume`, z.unknown());
  }
  say(await outcome({ kind, id }, options), options);
}

function say(now: Shown, options: CommonOptions): void {
  if (options.json === true) printJson(now.json);
  else now.print();
}

/** Waits a little for the flow to end. @throws {CliError} when it has not by then. */
async function outcome({ kind, id }: SaleRef, options: CommonOptions): Promise<Shown> {
  await withHoldfast(options, async (holdfast, { tenantId }) => {
    const flow = await flowSettled(holdfast, workflowIdOf(id) ?? id, ({ status }) => status !== 'running');
    const tenant = `--tenant ${quoted(tenantId)}`;
    if (flow !== undefined && isParked(flow)) {
      throw new CliError(`It is parked: ${stepOf(flow).replace(/^parked: /i, '')}`, `When that is mended: ${invocation(`resume ${quoted(id)} ${tenant}`)}`, { code: 'compensation_parked' });
    }
    if (flow?.status === 'running') throw new CliError(`It was sent, but it goes on: ${stepOf(flow)}.`, `Follow it: ${invocation(`watch ${quoted(id)} ${tenant}`)}`, { code: 'not_decided_yet' });
  });
  return await sales[kind].get(id, options);
}
