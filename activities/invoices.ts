/** Steps of an invoice. Each is idempotent, so repeating one is always safe. */
import { createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { FailureCode, Refusal } from '../contracts/failures.ts';
import type { StoredPdf } from '../contracts/invoices/flow.ts';
import type { InvoiceView } from '../contracts/invoices/schemas.ts';
import type { Subject } from '../contracts/payments/flow.ts';
import type { Databases } from '../services/database/connection.ts';
import { issueInvoice, markInvoiceStored } from '../services/database/invoices/issue.ts';
import { loadDocument } from '../services/database/invoices/queries.ts';
import { MissingFile, type Storage } from '../services/storage/storage.ts';
import { named } from './failures.ts';

export interface InvoiceRef {
  readonly tenantId: string;
  readonly invoiceId: string;
}

/** Database steps, beside the flow. */
export function createInvoiceActivities({ databases: { write } }: { databases: Databases }) {
  return {
    /** @param nowMs the workflow's clock, which dates the invoice; a repeat that runs later dates it later. */
    async issueInvoice(tenantId: string, subject: Subject, nowMs: number): Promise<InvoiceView | Refusal> {
      const issuedMs = Math.max(nowMs, Context.current().info.currentAttemptScheduledTimestampMs);
      return await named(() => issueInvoice(write, tenantId, subject, new Date(issuedMs)));
    },

    async markInvoiceStored({ tenantId, invoiceId }: InvoiceRef, pdf: StoredPdf): Promise<InvoiceView> {
      return await named(() => markInvoiceStored(write, tenantId, invoiceId, pdf));
    },
  };
}

export type InvoiceActivities = ReturnType<typeof createInvoiceActivities>;

/** What takes the processor's time, on a queue of its own. */
export function createDrawingActivities({ databases: { write }, storage }: { databases: Databases; storage: Storage }) {
  return {
    /** The same invoice is drawn to the same bytes and stored whole or not at all, so two attempts at once do no harm. */
    async drawAndStoreInvoice({ tenantId, invoiceId }: InvoiceRef): Promise<StoredPdf> {
      const context = Context.current();
      const { year, document: { logoKey, ...text } } = await named(() => loadDocument(write, tenantId, invoiceId));
      const logo = logoKey === undefined ? undefined : await known('storage_unavailable', 'The file storage did not give the logo.', async () => await pictureAt(storage, logoKey));
      context.heartbeat();
      const pdf = await known('internal_error', 'The invoice could not be drawn.', async () => {
        // Fonts and all, so they are loaded for the first drawing and not for every worker.
        const { renderInvoice } = await import('../services/invoices/render.ts');
        return await renderInvoice({ ...text, ...(logo !== undefined && { logo }) });
      });
      context.heartbeat();
      const storageKey = `${tenantId}/invoices/${year}/${invoiceId}.pdf`;
      await known('storage_unavailable', 'The file storage did not take the invoice.', async () => {
        await storage.put(storageKey, pdf, { contentType: 'application/pdf' });
      });
      return { storageKey, bytes: pdf.byteLength, sha256: createHash('sha256').update(pdf).digest('hex') };
    },
  };
}

export type DrawingActivities = ReturnType<typeof createDrawingActivities>;

/** An invoice is drawn without its logo rather than not at all. */
async function pictureAt(storage: Storage, key: string): Promise<Uint8Array | undefined> {
  try {
    return await buffer(await storage.get(key));
  } catch (error) {
    if (error instanceof MissingFile) return undefined;
    throw error;
  }
}

/** Names what broke by the failures table. The error itself stays in the log: it may quote a name or an address. */
async function known<Result>(code: FailureCode, message: string, step: () => Promise<Result>): Promise<Result> {
  try {
    return await step();
  } catch (error) {
    Context.current().log.warn(message, { error: error instanceof Error ? error.message : 'not an Error' });
    throw ApplicationFailure.retryable(message, code);
  }
}
