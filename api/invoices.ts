/** `/v1/invoices` */
import type { FastifyReply } from 'fastify';
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { isRefusal } from '../contracts/failures.ts';
import { defaultLinkSeconds } from '../contracts/invoices/flow.ts';
import { getInvoiceQuery, invoiceView, listInvoicesQuery, requestInvoiceBody, type InvoiceView } from '../contracts/invoices/schemas.ts';
import { foreignId } from '../contracts/values.ts';
import { findPaidSubject } from '../services/database/invoices/issue.ts';
import { findInvoice, findInvoiceFor, listInvoices } from '../services/database/invoices/queries.ts';
import type { KeptInvoice } from '../services/database/invoices/rows.ts';
import { signLink } from '../services/storage/links.ts';
import type { ApiDependencies } from './dependencies.ts';
import { callerOf } from './http/caller.ts';
import { answers } from './http/openapi.ts';
import { Refused } from './http/problems.ts';

const tags = ['Invoices'];
const params = z.object({ id: foreignId.describe('inv_…') });

export const invoiceRoutes = ({ databases, temporal, signingKeys, publicUrl }: ApiDependencies): FastifyPluginCallbackZod => (app, _options, done) => {
  app.post(
    '/invoices',
    {
      schema: {
        tags,
        summary: 'Have an invoice made',
        description: 'Over a booking, a purchase or an order that was paid. It is made once however often it is asked for. The answer has its number; its PDF follows, and then `GET` has a link to it.',
        body: requestInvoiceBody,
        response: answers('POST', { 202: invoiceView }, ['payment_not_found', 'database_conflict', 'temporal_unavailable']),
      },
    },
    async (request, reply) => {
      const { tenantId, holdfast } = callerOf(request);
      const { subjectId } = request.body;
      const known = await findInvoiceFor(databases.write, tenantId, subjectId);
      if (known?.view.status === 'stored') return await accepted(known);
      const subject = known?.view.subject ?? (await findPaidSubject(databases.write, tenantId, subjectId));
      if (isRefusal(subject)) throw Refused.of(subject);
      // One that is only numbered may have been given up: its flow goes on.
      const view = await temporal.promptly(async () => await holdfast.invoices.request(subject));
      return await accepted({ view });

      async function accepted(invoice: KeptInvoice): Promise<FastifyReply> {
        return await reply.code(202).header('location', `/v1/invoices/${invoice.view.id}`).send(linked(invoice, defaultLinkSeconds));
      }
    },
  );

  app.get(
    '/invoices',
    {
      schema: {
        tags,
        summary: 'List invoices, newest first',
        querystring: listInvoicesQuery,
        response: answers('GET', { 200: z.object({ items: z.array(invoiceView), nextCursor: z.string().optional() }) }, ['invalid_cursor']),
      },
    },
    async (request, reply) => {
      const { items, nextCursor } = await listInvoices(databases.read, callerOf(request).tenantId, request.query);
      return await reply.send({ items: items.map((invoice) => linked(invoice, request.query.linkSeconds)), ...(nextCursor !== undefined && { nextCursor }) });
    },
  );

  app.get(
    '/invoices/:id',
    { schema: { tags, summary: 'One invoice, and a link to its PDF', params, querystring: getInvoiceQuery, response: answers('GET', { 200: invoiceView }, ['invoice_not_found']) } },
    async (request, reply) => {
      const invoice = await findInvoice(databases.write, callerOf(request).tenantId, request.params.id);
      if (invoice === undefined) throw new Refused('invoice_not_found', `There is no invoice ${request.params.id}.`);
      return await reply.send(linked(invoice, request.query.linkSeconds));
    },
  );
  done();

  /** Whoever has the link has the PDF, for that long. */
  function linked({ view, storageKey }: KeptInvoice, linkSeconds: number): InvoiceView {
    if (storageKey === undefined) return view;
    const now = new Date();
    // A link ends at a full second.
    const expiresAt = new Date(Math.floor(now.getTime() / 1000 + linkSeconds) * 1000);
    const link = signLink({ method: 'GET', key: storageKey, expiresAt, fileName: `${view.number}.pdf` }, signingKeys, now);
    return { ...view, downloadUrl: `${publicUrl}${link}`, downloadExpiresAt: expiresAt.toISOString() };
  }
};
