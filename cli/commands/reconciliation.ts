/** `reconcile`, `cases`, `case`: what we have written down, compared with what the gateways say. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { gatewayNames, type GatewayName } from '../../contracts/payments/flow.ts';
import { caseKinds, caseStatuses, caseView, runView, type CaseKind, type CaseView, type Evidence, type RunView, type Side } from '../../contracts/reconciliation.ts';
import { text } from '../../contracts/values.ts';
import { findTarget, openApi } from '../connection.ts';
import { CliError } from '../errors.ts';
import { invocation, quoted } from '../invocation.ts';
import { overHttp, show, withPaging, type PageOptions } from '../listing.ts';
import { anIdOf, checkedBy, choice, examples, withCommonOptions, type CommonOptions } from '../options.ts';
import { paintedStatus, print, printJson, statusStyle } from '../output.ts';
import { money, safe, table, when, type Column } from '../text.ts';

const patienceMs = 5 * 60_000;
const lookPauseMs = 500;

export function addReconcile(program: Command): void {
  const command = program
    .command('reconcile')
    .summary('compare with every gateway now')
    .description('Compares the payments of a tenant with every gateway and waits for the end. It is done by itself every quarter of an hour, too. Exit code 1 when a gateway could not be asked about everything.');
  examples(withCommonOptions(command), ['reconcile --tenant seaview', 'reconcile --json']).action(async (options: CommonOptions) => {
    const api = openApi(options);
    const tenant = `--tenant ${quoted(findTarget(options).tenantId)}`;
    let run = await api.post('/v1/reconciliation/runs', runView);
    for (const deadline = Date.now() + patienceMs; run.status === 'running' && Date.now() < deadline; ) {
      await sleep(lookPauseMs);
      run = await api.get(`/v1/reconciliation/runs/${run.id}`, runView);
    }
    if (options.json === true) printJson(run);
    else printRun(run, tenant);
    if (run.status === 'running') throw new CliError('It takes longer than five minutes; it goes on by itself.', `What came of it, later: ${invocation(`cases --status open ${tenant}`)}`, { code: 'not_decided_yet' });
    if (run.status === 'incomplete') throw new CliError('A gateway could not be asked about everything.', 'The next run looks back as far again. See that the gateway answers and its settings are right.', { code: 'gateway_unavailable' });
  });
}

const counted = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`;

function printRun({ id, status, compared, opened, resolved, poked, unanswered, unattributed }: RunView, tenant: string): void {
  print(`${safe(id)}  ${paintedStatus(status)}`);
  print(`  ${counted(compared, 'payment was', 'payments were')} compared: ${counted(opened, 'new case', 'new cases')}, ${counted(resolved, 'case', 'cases')} gone.`);
  if (poked > 0) print(`  ${counted(poked, 'payment was', 'payments were')} told to ask the gateway again.`);
  if (unanswered > 0) print(`  The gateway said nothing about ${counted(unanswered, 'payment', 'payments')}.`);
  if (unattributed > 0) print(`  ${counted(unattributed, 'charge names', 'charges name')} no shop of ours.`);
  if (opened > 0) print(`  Next: ${invocation(`cases --status open ${tenant}`)}`);
}

const columns: readonly Column<CaseView>[] = [
  { title: 'ID', text: ({ id }) => id, whole: true },
  { title: 'STATUS', text: ({ status }) => status, style: ({ status }) => statusStyle(status) },
  { title: 'WHAT', text: ({ kind }) => kind.replaceAll('_', ' ') },
  { title: 'GATEWAY', text: ({ gateway }) => gateway },
  { title: 'PAYMENT', text: ({ paymentId, gatewayRef }) => paymentId ?? gatewayRef ?? '', whole: true },
  { title: 'FIRST SEEN', text: ({ firstSeenAt }) => when(firstSeenAt) },
  { title: 'LAST SEEN', text: ({ lastSeenAt }) => when(lastSeenAt) },
];

interface CasesOptions extends PageOptions {
  readonly status?: CaseView['status'];
  readonly kind?: CaseKind;
  readonly gateway?: GatewayName;
}

export function addCases(program: Command): void {
  const command = program
    .command('cases')
    .summary('list differences between us and the gateways, newest first')
    .description('Lists the cases that reconciliation has opened, newest first.')
    .addOption(choice('-s, --status <status>', 'only these', caseStatuses))
    .addOption(choice('-k, --kind <kind>', 'only of this kind', caseKinds))
    .addOption(choice('-g, --gateway <name>', 'only of this gateway', gatewayNames));
  examples(withPaging(command), ['cases --tenant seaview --status open', 'cases --kind stuck --json']).action(async ({ status, kind, gateway, ...options }: CasesOptions) => {
    show(await overHttp('/v1/reconciliation/cases', caseView, { status, kind, gateway }, options), columns, options, 'There are no such cases.');
  });
}

export function addCase(program: Command): void {
  const command = program
    .command('case')
    .summary('a difference with its evidence, and close it')
    .description('Shows what we say and what the gateway says. With --resolve the case is closed; it is opened again only when the difference changes.')
    .argument('<id>', 'the case, case_…', anIdOf('case', 'case'))
    .option('-r, --resolve <note>', 'close it: what was found out or done', checkedBy(text(500)));
  examples(withCommonOptions(command), ['case case_01k… --tenant seaview', 'case case_01k… --resolve "refunded by hand at the gateway"']).action(async (id: string, { resolve, ...options }: CommonOptions & { resolve?: string }) => {
    const api = openApi(options);
    const path = `/v1/reconciliation/cases/${id}`;
    const found = resolve === undefined ? await api.get(path, caseView) : await api.post(`${path}/resolve`, caseView, { note: resolve });
    if (options.json === true) printJson(found);
    else printCase(found, findTarget(options).tenantId);
  });
}

function printCase({ id, status, kind, gateway, paymentId, gatewayRef, evidence, note, resolvedBy, resolvedAt, firstSeenAt, lastSeenAt }: CaseView, tenantId: string): void {
  print(`${safe(id)}  ${paintedStatus(status)}`);
  print(`  ${safe(`${kind.replaceAll('_', ' ')} at ${gateway}, payment ${paymentId ?? 'unknown here'}${gatewayRef === undefined ? '' : `, there ${gatewayRef}`}`)}`);
  print(`  Seen from ${when(firstSeenAt)} to ${when(lastSeenAt)}`);
  print(table(rowsOf(evidence), evidenceColumns).split('\n').map((line) => `  ${line}`).join('\n'));
  if (resolvedAt !== undefined) print(`  Closed ${when(resolvedAt)} by ${resolvedBy ?? 'operator'}${note === undefined ? '' : `: ${safe(note)}`}`);
  else print(`  Next: ${invocation(`case ${quoted(id)} --resolve 'what was done' --tenant ${quoted(tenantId)}`)}`);
}

interface EvidenceRow {
  readonly whose: string;
  readonly side: Side | undefined;
}

const rowsOf = ({ ours, theirs }: Evidence): readonly EvidenceRow[] => [{ whose: 'ours', side: ours }, { whose: 'theirs', side: theirs }];

const amountOf = (field: 'amount' | 'captured' | 'refunded' | 'ledger') => ({ side }: EvidenceRow): string => {
  const amount = side?.[field];
  if (amount === undefined) return '';
  return side?.currency === undefined ? String(amount) : money(amount, side.currency);
};

const evidenceColumns: readonly Column<EvidenceRow>[] = [
  { title: '', text: ({ whose }) => whose },
  { title: 'STATE', text: ({ side }) => side?.state ?? 'not known here' },
  { title: 'AMOUNT', text: amountOf('amount'), right: true },
  { title: 'CAPTURED', text: amountOf('captured'), right: true },
  { title: 'GIVEN BACK', text: amountOf('refunded'), right: true },
  { title: 'LEDGER', text: amountOf('ledger'), right: true },
];
