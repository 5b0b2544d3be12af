/** The `holdfast` command: every subcommand in the order in which the help shows them. */
import { Command } from 'commander';
import { addBasket, addProducts } from './commands/baskets.ts';
import { addBook } from './commands/book.ts';
import { addConfirm, addExtend, addReschedule } from './commands/change.ts';
import { addDatasets } from './commands/datasets.ts';
import { addCancel, addFlows, addPause, addResume, addStatus, addWatch } from './commands/flows.ts';
import { addExport, addExports } from './commands/exports.ts';
import { addImport, addImports } from './commands/imports.ts';
import { addInvoice, addInvoices } from './commands/invoices.ts';
import { addLedger } from './commands/ledger.ts';
import { addBookings, addResources } from './commands/lists.ts';
import { addOrder, addOrders } from './commands/orders.ts';
import { addPay, addPayments, addRefund } from './commands/payments.ts';
import { addBuy, addPurchases } from './commands/purchases.ts';
import { addCase, addCases, addReconcile } from './commands/reconciliation.ts';
import { addRejects } from './commands/rejects.ts';
import { addDoctor, addShowcase, addUp, addWorker } from './commands/stack.ts';
import { examples } from './options.ts';
import { addUpload, addUploads } from './commands/uploads.ts';
import { safe, styled } from './text.ts';

const groups: readonly (readonly [heading: string, add: readonly ((program: Command) => void)[]])[] = [
  ['This machine:', [addUp, addDoctor, addShowcase, addWorker]],
  ['Bookings:', [addResources, addBook, addConfirm, addExtend, addReschedule, addBookings]],
  ['Money:', [addPay, addRefund, addPayments, addLedger, addInvoice, addInvoices]],
  ['Shop:', [addProducts, addBasket, addBuy, addPurchases, addOrder, addOrders, addUpload, addUploads]],
  ['Data in and out:', [addImport, addImports, addRejects, addDatasets, addExport, addExports]],
  ['Any flow:', [addStatus, addWatch, addCancel, addPause, addResume, addFlows]],
  ['Reconciliation:', [addReconcile, addCases, addCase]],
];

/** Throws instead of exiting, so that the entry decides about the exit code. */
export function createProgram(): Command {
  const program = new Command('holdfast')
    .description('Bookings, payments and orders that always end: done, or undone. Real flows on Temporal and PostgreSQL.')
    .helpCommand('help [command]', 'show the help of a command')
    .showHelpAfterError('(add --help for examples)')
    .exitOverride()
    .configureHelp({ styleTitle: (title) => styled('bold', title) })
    .configureOutput({
      // The message repeats what was typed, which may have come from anywhere.
      outputError: (message, write) => write(`${styled('red', '✖', process.stderr)} ${message.replace(/^error: /, '').split('\n').map(safe).join('\n')}`),
    });
  for (const [heading, add] of groups) {
    program.commandsGroup(heading);
    for (const addCommand of add) addCommand(program);
  }
  examples(program, ['up', 'resources --tenant seaview', 'book room-harbour --tenant seaview --customer c-1 --from 2027-05-01 --to 2027-05-03', 'pay bkg_01k… --tenant seaview --gateway stripe --method pm_card_visa --watch']);
  return program.addHelpText('after', '\nSettings come from the environment (HOLDFAST_HOME, TEMPORAL_ADDRESS, …); `doctor` says what is wrong with them.');
}
