/** `invoice` and `invoices`. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { z } from 'zod';
import { invoiceView, type InvoiceView } from '../../contracts/invoices/schemas.ts';
import type { ApiClient } from '../api-client.ts';
import { findTarget, openApi } from '../connection.ts';
import { invocation, quoted } from '../invocation.ts';
import { overHttp, show, withPaging, type PageOptions } from '../listing.ts';
import { aForeignId, checkedBy, examples, withCommonOptions, type CommonOptions } from '../options.ts';
import { paintedStatus, print, printJson, statusStyle } from '../output.ts';
import { refuseExisting, savePdf } from '../pdf.ts';
import { money, safe, when, type Column } from '../text.ts';

/** Drawing takes about a second. */
const patienceMs = 8_000;
/** Somebody who wants the file waits for it. */
const downloadPatienceMs = 60_000;
const lookPauseMs = 300;

interface InvoiceOptions extends CommonOptions {
  readonly output?: string;
  readonly force?: boolean;
}

export function addInvoice(program: Command): void {
  const command = program
    .command('invoice')
    .summary('have an invoice made, and download it')
    .description('Has the invoice made over a booking, a purchase or an order that was paid for, and shows its number and a link to its PDF, good for an hour. It is made once, however often it is asked for.')
    .argument('<id>', 'what was paid for: bkg_…, pur_… or ord_…; or the invoice itself, inv_…', aForeignId)
    .option('-o, --output <file>', 'download the PDF to this file')
    .option('-f, --force', 'overwrite the file if there is one');
  examples(withCommonOptions(command), ['invoice ord_01k… --tenant seaview', 'invoice pur_01k… --output invoice.pdf', 'invoice inv_01k… --json']).action(
    async (id: string, { output, force = false, ...options }: InvoiceOptions) => {
      if (output !== undefined && !force) await refuseExisting(output);
      const api = openApi(options);
      const { tenantId } = findTarget(options);
      const invoice = await drawn(api, await asked(api, id), output === undefined ? patienceMs : downloadPatienceMs);
      const saved = output === undefined ? undefined : await savePdf(invoice, output, { force, again: invocation(`invoice ${quoted(id)} --output ${quoted(output)} --tenant ${quoted(tenantId)}`) });
      if (options.json === true) printJson(invoice);
      else printInvoice(invoice, { tenantId, saved });
    },
  );
}

async function asked(api: ApiClient, id: string): Promise<InvoiceView> {
  return id.startsWith('inv_') ? await api.get(`/v1/invoices/${encodeURIComponent(id)}`, invoiceView) : await api.post('/v1/invoices', invoiceView, { subjectId: id });
}

async function drawn(api: ApiClient, first: InvoiceView, waitMs: number): Promise<InvoiceView> {
  let invoice = first;
  for (const deadline = Date.now() + waitMs; invoice.status !== 'stored' && Date.now() < deadline; ) {
    await sleep(lookPauseMs);
    invoice = await api.get(`/v1/invoices/${first.id}`, invoiceView);
  }
  return invoice;
}

function printInvoice(invoice: InvoiceView, { tenantId, saved }: { tenantId: string; saved: string | undefined }): void {
  const { id, number, status, subject, amount, currency, customerId, issuedAt, downloadUrl, downloadExpiresAt } = invoice;
  print(`${safe(number)}  ${paintedStatus(status)}`);
  print(`  ${safe(`${money(amount, currency)} for ${subject.kind} ${subject.id}, customer ${customerId}, issued ${issuedAt.slice(0, 10)}, ${id}`)}`);
  if (saved !== undefined) print(`  Saved as ${safe(saved)}`);
  else if (downloadUrl !== undefined) print(`  Until ${when(downloadExpiresAt)}: ${safe(downloadUrl)}`);
  else print(`  Its PDF is being drawn: ${invocation(`invoice ${quoted(id)} --tenant ${quoted(tenantId)}`)}`);
}

const columns: readonly Column<InvoiceView>[] = [
  { title: 'NUMBER', text: ({ number }) => number },
  { title: 'ID', text: ({ id }) => id, whole: true },
  { title: 'STATUS', text: ({ status }) => status, style: ({ status }) => statusStyle(status) },
  { title: 'FOR', text: ({ subject }) => subject.id, whole: true },
  { title: 'CUSTOMER', text: ({ customerId }) => customerId },
  { title: 'ISSUED', text: ({ issuedAt }) => issuedAt.slice(0, 10) },
  { title: 'AMOUNT', text: ({ amount, currency }) => money(amount, currency), right: true },
];

interface InvoicesOptions extends PageOptions {
  readonly customer?: string;
  readonly subject?: string;
  readonly year?: number;
}

const aYear = checkedBy(z.string().regex(/^[2-9]\d{3}$/, 'must be a year, e.g. 2027').transform(Number));

export function addInvoices(program: Command): void {
  const command = program
    .command('invoices')
    .summary('list invoices, newest first')
    .description('Lists the invoices of a tenant, newest first.')
    .option('-c, --customer <id>', 'only of this customer', aForeignId)
    .option('--subject <id>', 'only for this booking, purchase or order', aForeignId)
    .option('-y, --year <year>', 'only issued in this year (UTC)', aYear);
  examples(withPaging(command), ['invoices --tenant seaview --year 2027', 'invoices --customer c-1001 --all --json']).action(async ({ customer, subject, year, ...options }: InvoicesOptions) => {
    show(await overHttp('/v1/invoices', invoiceView, { customerId: customer, subjectId: subject, year }, options), columns, options, 'There are no such invoices.');
  });
}
