/** Invoices: having them made. */
import { type Client } from '@temporalio/client';
import { invoiceWorkflowId } from '../contracts/flows.ts';
import { invoiceMessages, invoicePatienceMs, type InvoiceInput } from '../contracts/invoices/flow.ts';
import { invoiceSubject, type InvoiceView } from '../contracts/invoices/schemas.ts';
import { invoiceLabels } from '../contracts/invoices/start.ts';
import type { Subject } from '../contracts/payments/flow.ts';
import { queueOfWorkflow, workflowTaskTimeout } from '../contracts/task-queues.ts';
import { HoldfastError, isTimeout, parsed, translated } from './errors.ts';
import { ownedFlow } from './owned.ts';
import { updateWithStart } from './update.ts';

export class InvoicesClient {
  readonly #client: Client;
  readonly #tenantId: string;

  constructor(client: Client, tenantId: string) {
    this.#client = client;
    this.#tenantId = tenantId;
  }

  /**
   * Has the invoice made, or finds the one that was: asking again is always safe.
   * @returns the invoice as soon as it has its number; its PDF follows by itself. The HTTP API has the link to it.
   * @throws {HoldfastError} `payment_not_found` when it is not paid for, `temporal_unavailable`.
   */
  async request(wanted: Subject): Promise<InvoiceView> {
    const input: InvoiceInput = { tenantId: this.#tenantId, subject: parsed(invoiceSubject, wanted) };
    return await translated(async () => {
      try {
        return await this.#client.withDeadline(Date.now() + invoicePatienceMs, async () => await this.#begin(input));
      } catch (error) {
        if (!isTimeout(error)) throw error;
        throw new HoldfastError('temporal_unavailable', 'The invoice was asked for, but not numbered in time. Ask again: it is made once.', { cause: error });
      }
    });
  }

  /** @throws {HoldfastError} `invoice_not_found` for what was refused, `flow_not_found` for what was never asked for, or is older than Temporal's retention; the HTTP API still has it. */
  async get(subject: Subject): Promise<InvoiceView> {
    return await translated(async () => {
      const view = await (await ownedFlow(this.#client, this.#tenantId, invoiceWorkflowId(this.#tenantId, subject.id))).query(invoiceMessages.status);
      if (view === undefined) throw new HoldfastError('invoice_not_found');
      return view;
    });
  }

  async #begin(input: InvoiceInput): Promise<InvoiceView> {
    const start = {
      workflowId: invoiceWorkflowId(input.tenantId, input.subject.id),
      taskQueue: queueOfWorkflow.invoice,
      workflowTaskTimeout,
      args: [input],
      // The id is what the invoice is for: a running flow answers, an ended one is picked up by a new run.
      workflowIdConflictPolicy: 'USE_EXISTING' as const,
      workflowIdReusePolicy: 'ALLOW_DUPLICATE' as const,
      ...invoiceLabels(input),
    };
    return await updateWithStart(this.#client, { type: 'invoice', start, message: invoiceMessages.begin, args: [{ tenantId: input.tenantId }] });
  }
}
