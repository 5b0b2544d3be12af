/** Which flow a person means: any business id or workflow id will do. */
import { invoiceWorkflowId, workflowIdOf } from '../contracts/flows.ts';
import { invoiceView } from '../contracts/invoices/schemas.ts';
import { z } from 'zod';
import { findTarget, openApi, type ConnectionOptions } from './connection.ts';
import { checkedBy } from './options.ts';

const kinds = { bkg: 'booking', pay: 'payment', pur: 'purchase', ord: 'order', inv: 'invoice', upl: 'upload', exp: 'export', imp: 'import' } as const;
export type FlowKind = (typeof kinds)[keyof typeof kinds];

/** A flow as it was typed: of an invoice the id of the invoice, or the workflow id as `flows` lists it. */
export interface FlowRef {
  readonly kind: FlowKind;
  /** The business id; of a flow that was named by its workflow id alone, that. */
  readonly id: string;
}

const shape = /^(?:(booking|payment|purchase|order|upload|export|import):)?((bkg|pay|pur|ord|inv|upl|exp|imp)_[0-9a-z]{26})$/;
const invoiceFlow = /^invoice:[a-z0-9][a-z0-9-]{0,31}:.{1,64}$/u;

const isPrefix = (text: string): text is keyof typeof kinds => Object.hasOwn(kinds, text);

function readFlowId(typed: string): FlowRef | undefined {
  if (invoiceFlow.test(typed)) return { kind: 'invoice', id: typed };
  const [, type, id = '', prefix = ''] = shape.exec(typed) ?? [];
  if (!isPrefix(prefix) || (type !== undefined && type !== kinds[prefix])) return undefined;
  return { kind: kinds[prefix], id };
}

const wanted = 'an id looks like bkg_01jq…, pay_…, pur_…, ord_…, inv_…, imp_…, upl_… or exp_…';

export const aFlowId = checkedBy(
  z.string().transform((typed, context): FlowRef => {
    const ref = readFlowId(typed);
    if (ref !== undefined) return ref;
    context.addIssue({ code: 'custom', message: wanted });
    return z.NEVER;
  }),
);

export const flowIdArgument = 'bkg_…, pay_…, pur_…, ord_…, inv_…, imp_…, upl_…, exp_…, or an id that `flows` lists';

/** The flow of an invoice goes by what the invoice is for, which the API knows. @throws {CliError} `invoice_not_found`. */
export async function workflowOf({ id }: FlowRef, options: ConnectionOptions): Promise<string> {
  if (id.includes(':')) return id;
  const known = workflowIdOf(id);
  if (known !== undefined) return known;
  const { subject } = await openApi(options).get(`/v1/invoices/${id}`, invoiceView);
  return invoiceWorkflowId(findTarget(options).tenantId, subject.id);
}
