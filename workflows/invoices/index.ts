/**
 * One invoice: numbered → stored. Its id is made from what it is for, so it is made once however often it is asked for.
 *
 * A run that finds the invoice stored answers it and draws nothing. A run whose PDF could not be drawn or stored in
 * three attempts fails, and the next one goes on with the same number. Nothing of it can be cancelled: a number that was
 * given stays given.
 */
import { allHandlersFinished, CancellationScope, condition, setHandler, TemporalFailure } from '@temporalio/workflow';
import { isRefusal, type Refusal } from '../../contracts/failures.ts';
import { invoiceMessages, type InvoiceInput, type OfTenant } from '../../contracts/invoices/flow.ts';
import type { InvoiceView } from '../../contracts/invoices/schemas.ts';
import { expected } from '../bookings/messages.ts';
import { drawing, firmly } from './steps.ts';
import { progressOf, tellNumbered, tellRefused, tellStored, tellUndrawn } from './story.ts';

export async function invoice(input: InvoiceInput): Promise<InvoiceView | Refusal> {
  return await CancellationScope.nonCancellable(async () => await live(input));
}

async function live({ tenantId, subject }: InvoiceInput): Promise<InvoiceView | Refusal> {
  let outcome: InvoiceView | Refusal | undefined;
  setHandler(invoiceMessages.status, () => (outcome === undefined || isRefusal(outcome) ? undefined : outcome));
  setHandler(invoiceMessages.progress, () => progressOf(outcome));
  const ownTenantOnly = {
    validator: (of: OfTenant) => {
      if (of.tenantId !== tenantId) throw expected(notThere(subject.id));
    },
  };
  setHandler(invoiceMessages.begin, async () => {
    await condition(() => outcome !== undefined);
    if (outcome === undefined || isRefusal(outcome)) throw expected(outcome ?? notThere(subject.id));
    return outcome;
  }, ownTenantOnly);

  outcome = await firmly((steps) => steps.issueInvoice(tenantId, subject, Date.now()));
  if (isRefusal(outcome)) tellRefused(outcome);
  else outcome = await drawn(tenantId, outcome);
  await condition(allHandlersFinished);
  return outcome;
}

async function drawn(tenantId: string, issued: InvoiceView): Promise<InvoiceView> {
  if (issued.status === 'stored') {
    tellStored(issued);
    return issued;
  }
  tellNumbered(issued);
  const ref = { tenantId, invoiceId: issued.id };
  try {
    const pdf = await drawing.drawAndStoreInvoice.executeWithOptions({ summary: issued.number }, [ref]);
    const stored = await firmly((steps) => steps.markInvoiceStored(ref, pdf));
    tellStored(stored);
    return stored;
  } catch (error) {
    if (error instanceof TemporalFailure) tellUndrawn(issued);
    throw error;
  }
}

const notThere = (subjectId: string): Refusal => ({ refused: 'invoice_not_found', detail: `There is no invoice for ${subjectId}.` });
