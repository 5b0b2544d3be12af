/** What a person reads in the Web UI: what is exported for whom, what came of it, and why it stopped. */
import { setCurrentDetails } from '@temporalio/workflow';
import { hasEnded } from '../../contracts/exports/flow.ts';
import type { ExportState } from '../../contracts/exports/schemas.ts';
import { isRefusal, type Refusal } from '../../contracts/failures.ts';
import type { FlowProgress } from '../../contracts/values.ts';
import { label } from '../labels.ts';
import { amount } from '../words.ts';

export function progressOf(outcome: ExportState | Refusal | undefined): FlowProgress {
  if (outcome === undefined) return { percent: 0, step: 'writing it down' };
  if (isRefusal(outcome)) return { percent: 100, step: `refused: ${outcome.detail}` };
  // How many rows are written its activity tells with its heartbeats.
  return { percent: hasEnded(outcome) ? 100 : 5, step: headline(outcome) };
}

export function tell(outcome: ExportState | Refusal): void {
  if (isRefusal(outcome)) {
    label('refused');
    setCurrentDetails(`**Refused** (\`${outcome.refused}\`): ${outcome.detail}`);
    return;
  }
  const { status, dataset, filters, requestedBy, bytes, sha256, expiresAt } = outcome;
  label(status === 'pending' ? 'running' : status);
  const only = Object.entries(filters).map(([name, value]) => `${name} \`${value}\``).join(', ');
  setCurrentDetails(
    [
      `**${headline(outcome)}**\n`,
      `- What: ${dataset}${only === '' ? '' : `, ${only}`}`,
      ...(requestedBy === undefined ? [] : [`- For: \`${requestedBy}\``]),
      ...(bytes === undefined ? [] : [`- File: ${amount(bytes)} bytes, SHA-256 \`${sha256 ?? ''}\``]),
      ...(expiresAt === undefined ? [] : [`- Kept until: ${expiresAt.slice(0, 19).replace('T', ' ')} UTC`]),
    ].join('\n'),
  );
}

function headline({ status, format, rows, reason }: ExportState): string {
  switch (status) {
    case 'pending':
    case 'running':
      return `Writing the ${format}`;
    case 'ready':
    case 'expired':
      return `Ready: ${amount(rows)} ${rows === 1 ? 'row' : 'rows'} as ${format}`;
    case 'failed':
      return `Failed (${reason?.replaceAll('_', ' ') ?? 'unknown'})`;
    case 'cancelled':
      return 'Cancelled; nothing of it is kept';
  }
}
