/** `ledger`: where the money is, and every movement of it. */
import type { Command } from 'commander';
import { accountBalance, ledgerEntryView, maxBalances, type AccountBalance, type LedgerEntryView } from '../../contracts/payments/schemas.ts';
import { text } from '../../contracts/values.ts';
import { openApi } from '../connection.ts';
import { CliError } from '../errors.ts';
import { invocation } from '../invocation.ts';
import { overHttp, show, withPaging, type PageOptions } from '../listing.ts';
import { anIdOf, checkedBy, examples } from '../options.ts';
import { print } from '../output.ts';
import { money, safe, styled, when, type Column } from '../text.ts';

const balanceColumns: readonly Column<AccountBalance>[] = [
  { title: 'ACCOUNT', text: ({ account }) => account },
  { title: 'BALANCE', text: ({ amount, currency }) => money(amount, currency), right: true },
];

const entryColumns: readonly Column<LedgerEntryView>[] = [
  { title: 'AT', text: ({ at }) => when(at) },
  { title: 'WHAT', text: ({ kind }) => kind },
  { title: 'PAYMENT', text: ({ paymentId }) => paymentId ?? '', whole: true },
  { title: 'ACCOUNT', text: ({ account }) => account },
  { title: 'AMOUNT', text: ({ amount, currency }) => money(amount, currency), right: true },
];

interface LedgerOptions extends PageOptions {
  readonly entries?: boolean;
  readonly account?: string;
  readonly payment?: string;
}

export function addLedger(program: Command): void {
  const command = program
    .command('ledger')
    .summary('where the money is')
    .description('Shows what every account stands at: what gateways hold is positive, what is owed or earned negative, and all of a currency sum to zero. With --entries every movement, newest first.')
    .option('-e, --entries', 'the movements instead of the balances')
    .option('--account <name>', 'with --entries: only of this account, e.g. gateway:stripe', checkedBy(text(100)))
    .option('--payment <id>', 'with --entries: only of this payment, pay_…', anIdOf('payment', 'pay'));
  examples(withPaging(command), ['ledger --tenant seaview', 'ledger --entries --payment pay_01k…', 'ledger --entries --account revenue --limit 20 --json']).action(async ({ entries, account, payment, ...options }: LedgerOptions) => {
    if (entries === true) {
      show(await overHttp('/v1/ledger/entries', ledgerEntryView, { account, paymentId: payment }, options), entryColumns, options, 'There are no such movements.');
      return;
    }
    if (account !== undefined || payment !== undefined) throw new CliError('--account and --payment go with --entries.', 'Add --entries.', { code: 'usage', exitCode: 2 });
    const items = await openApi(options).all('/v1/ledger/balances', accountBalance, { limit: maxBalances });
    show({ items }, balanceColumns, options, 'No money has moved yet.');
    const sums = sumsOf(items);
    if (options.json !== true) for (const [currency, sum] of sums) print(safe(`${currency}: all accounts sum to ${money(sum, currency)}`));
    if ([...sums.values()].some((sum) => sum !== 0)) throw new CliError('The ledger does not sum to zero.', `Compare it with the gateways: ${invocation('reconcile')}`, { code: 'ledger_unbalanced' });
    if (options.json !== true && sums.size > 0) print(styled('green', 'The ledger is balanced.'));
  });
}

function sumsOf(balances: readonly AccountBalance[]): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const { currency, amount } of balances) sums.set(currency, (sums.get(currency) ?? 0) + amount);
  return sums;
}
