/** Commands for any flow, whatever it does: `status`, `watch`, `cancel`, `resume`, `flows`. */
import type { Command } from 'commander';
import { HoldfastError, type FlowView, type Holdfast } from '../../client/index.ts';
import { flowStatuses, flowTypes, type FlowStatus, type FlowType } from '../../contracts/flows.ts';
import { text } from '../../contracts/values.ts';
import { withHoldfast } from '../connection.ts';
import { CliError } from '../errors.ts';
import { aFlowId, flowIdArgument, workflowOf, type FlowRef } from '../flow-ids.ts';
import { follow, isParked, stepOf } from '../follow.ts';
import { invocation, quoted } from '../invocation.ts';
import { show, withPaging, type PageOptions } from '../listing.ts';
import { checkedBy, choice, examples, withCommonOptions, type CommonOptions } from '../options.ts';
import { paintedStatus, print, printJson, statusStyle } from '../output.ts';
import { safe, styled, when, type Column } from '../text.ts';
import { cancelBooking, resumeBooking } from './booking-signals.ts';
import { cancelSale, resumeSale } from './sale-signals.ts';
import { cancelExport } from './exports.ts';
import { cancelImport, followImport, pauseImport, resumeImport } from './import-signals.ts';
import { cancelUpload } from './uploads.ts';

const flowCommand = (program: Command, name: string, summary: string, description: string): Command =>
  withCommonOptions(program.command(name).summary(summary).description(description).argument('<id>', flowIdArgument, aFlowId));

/** A flow that is not there is told with the list of what is. */
async function ofFlow<Result>(ref: FlowRef, options: CommonOptions, work: (holdfast: Holdfast, tenantId: string, workflowId: string) => Promise<Result>): Promise<Result> {
  const workflowId = await workflowOf(ref, options);
  return await withHoldfast(options, async (holdfast, { tenantId }) => {
    try {
      return await work(holdfast, tenantId, workflowId);
    } catch (error) {
      if (!(error instanceof HoldfastError) || error.code !== 'flow_not_found') throw error;
      throw new CliError(error.message, `It may belong to another tenant (--tenant). What there is: ${invocation(`${ref.kind}s --tenant ${quoted(tenantId)}`)}`, { code: error.code, cause: error });
    }
  });
}

export function addStatus(program: Command): void {
  const command = flowCommand(program, 'status', 'how far a flow has come', 'Shows what a flow is doing, how far it has come, and whether it is parked: waits for somebody to go on with it.').alias('flow');
  examples(command, ['status ord_01k… --tenant seaview', 'status pay_01k… --json']).action(async (ref: FlowRef, options: CommonOptions) => {
    await ofFlow(ref, options, async ({ flows }, tenantId, workflowId) => {
      const flow = await flows.get(workflowId);
      if (options.json === true) printJson(flow);
      else printFlow(flow, ref.id, tenantId);
    });
  });
}

function printFlow(flow: FlowView, id: string, tenantId: string): void {
  const { status, businessStatus = status, progress, summary, startedAt, endedAt, webUrl } = flow;
  print(`${safe(flow.id)}  ${paintedStatus(businessStatus)}${businessStatus === status ? '' : `, flow ${paintedStatus(status)}`}`);
  if (summary !== undefined) print(`  ${safe(summary)}`);
  print(`  ${progress === undefined ? '' : `${progress} %  `}${safe(stepOf(flow))}`);
  print(`  Started ${when(startedAt)}${endedAt === undefined ? '' : `, ended ${when(endedAt)}`}`);
  if (webUrl !== undefined) print(`  ${safe(webUrl)}`);
  if (status === 'running') print(`  Next: ${invocation(`${isParked(flow) ? 'resume' : 'watch'} ${quoted(id)} --tenant ${quoted(tenantId)}`)}`);
}

export function addWatch(program: Command): void {
  const command = flowCommand(program, 'watch', 'follow a flow until it ends', 'Shows every change of a booking, a payment, a purchase, an order, an invoice, an import, an export or an upload until its flow ends. Ctrl-C ends the looking; the flow goes on.');
  examples(command, ['watch bkg_01k… --tenant seaview', 'watch ord_01k… --json']).action(async (ref: FlowRef, options: CommonOptions) => {
    if (ref.kind === 'import') return await followImport(ref.id, options);
    await ofFlow(ref, options, async (holdfast, tenantId, workflowId) => await follow(holdfast, ref, { json: options.json === true, tenantId }, workflowId));
  });
}

export function addCancel(program: Command): void {
  const command = flowCommand(
    program,
    'cancel',
    'stop a flow; what it did is undone',
    'Gives a booking back, gives up a payment that was not taken, stops a purchase or an order and undoes it, and waits a moment for the outcome. What is delivered is not undone: refund its payment. An import stops where it is: what is loaded stays.',
  );
  examples(command, ['cancel bkg_01k… --tenant seaview', 'cancel ord_01k…']).action(async (ref: FlowRef, options: CommonOptions) => {
    switch (ref.kind) {
      case 'booking':
        return await cancelBooking(ref.id, options);
      case 'invoice':
        throw new CliError('An invoice cannot be cancelled: a number that was given stays given.', `Give the money back instead: ${invocation('refund --help')}`, { code: 'not_cancellable' });
      case 'import':
        return await cancelImport(ref.id, options);
      case 'export':
        return await cancelExport(ref.id, options);
      case 'upload':
        return await cancelUpload(ref.id, options);
      default:
        return await cancelSale({ kind: ref.kind, id: ref.id }, options);
    }
  });
}

export function addPause(program: Command): void {
  const command = flowCommand(program, 'pause', 'let a flow wait until it is resumed', 'Begins no more chunks of an import; those that are being loaded are finished first. `resume` goes on.');
  examples(command, ['pause imp_01k… --tenant seaview']).action(async (ref: FlowRef, options: CommonOptions) => {
    if (ref.kind !== 'import') throw new CliError(`A flow like this cannot be paused: ${ref.kind}.`, 'Only an import can be paused.', { code: 'not_pausable' });
    await pauseImport(ref.id, options);
  });
}

export function addResume(program: Command): void {
  const command = flowCommand(
    program,
    'resume',
    'go on with a flow that waits or is parked',
    'Tries at once what would be tried again later, or what waits for somebody: a pending or failed booking, a payment whose gateway does not answer, the parked undo of a purchase or an order, a paused import, or what an import could not load.',
  );
  examples(command, ['resume bkg_01k…', 'resume ord_01k… --tenant seaview']).action(async (ref: FlowRef, options: CommonOptions) => {
    switch (ref.kind) {
      case 'booking':
        return await resumeBooking(ref.id, options);
      case 'invoice':
        throw new CliError('An invoice is not resumed: asked for again, it is drawn again, under the same number.', `Ask for it: ${invocation('invoice --help')}`, { code: 'nothing_to_resume' });
      case 'import':
        return await resumeImport(ref.id, options);
      case 'export':
        throw new CliError('An export does not wait to be resumed: it is asked for again.', `Ask for it: ${invocation('export --help')}`, { code: 'nothing_to_resume' });
      case 'upload':
        throw new CliError('An upload does not wait to be resumed: what failed is sent again.', `Send it: ${invocation('upload --help')}`, { code: 'nothing_to_resume' });
      default:
        return await resumeSale({ kind: ref.kind, id: ref.id }, options);
    }
  });
}

const flowColumns: readonly Column<FlowView>[] = [
  { title: 'ID', text: ({ id }) => id, whole: true },
  { title: 'FLOW', text: ({ status }) => status, style: ({ status }) => statusStyle(status) },
  { title: 'STATE', text: ({ businessStatus }) => businessStatus ?? '', style: ({ businessStatus }) => statusStyle(businessStatus) },
  { title: 'ABOUT', text: ({ resource, customer }) => [resource, customer].filter((word) => word !== undefined).join(', ') },
  { title: 'STARTED', text: ({ startedAt }) => `${startedAt.slice(0, 10)} ${startedAt.slice(11, 19)} UTC` },
  { title: 'ENDED', text: ({ endedAt }) => (endedAt === undefined ? '' : `${endedAt.slice(0, 10)} ${endedAt.slice(11, 19)} UTC`) },
];

interface FlowsOptions extends PageOptions {
  readonly status?: FlowStatus;
  readonly type?: FlowType;
  readonly state?: string;
}

export function addFlows(program: Command): void {
  const command = program
    .command('flows')
    .summary('list the flows that run or ran')
    .description('Lists flows as Temporal has them: running ones first, then the newest. The list is behind by moments. A flow that is parked waits for `resume`.')
    .addOption(choice('-s, --status <status>', 'only these', flowStatuses))
    .addOption(choice('--type <type>', 'only of this kind', flowTypes))
    .option('--state <word>', "only in this state, in the flow's own words: parked, pending, held, …", checkedBy(text(50)));
  examples(withPaging(command), ['flows --tenant seaview --status running', 'flows --type order --state parked', 'flows --limit 10 --json']).action(
    async ({ status, type, state, limit, cursor, all, ...options }: FlowsOptions) => {
      await withHoldfast(options, async ({ flows }, { tenantId }) => {
        const filter = { ...(status !== undefined && { status }), ...(type !== undefined && { type }), ...(state !== undefined && { businessStatus: state }), ...(limit !== undefined && { limit }) };
        const items: FlowView[] = [];
        let next = cursor;
        for (;;) {
          const page = await flows.list({ ...filter, ...(next !== undefined && { cursor: next }) });
          items.push(...page.items);
          next = page.nextCursor;
          if (all !== true || next === undefined) break;
        }
        show({ items, ...(next !== undefined && { nextCursor: next }) }, flowColumns, options, 'There are no such flows.');
        if (options.json !== true) tellParked(items.filter(isParked), tenantId);
      });
    },
  );
}

function tellParked(parked: readonly FlowView[], tenantId: string): void {
  const [first] = parked;
  if (first === undefined) return;
  print(`\n${styled('red', parked.length === 1 ? '1 flow is parked' : `${parked.length} flows are parked`)}: what could not be done waits until somebody goes on with it.`);
  print(`  ${invocation(`resume ${quoted(first.id)} --tenant ${quoted(tenantId)}`)}`);
}
