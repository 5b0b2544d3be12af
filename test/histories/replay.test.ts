import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import { DeterminismViolationError } from '@temporalio/workflow';
import { DefaultLogger, Runtime, Worker, type WorkflowBundlePath } from '@temporalio/worker';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { workflowBundle } from '../../workers/bundle.ts';
import { testBundles } from '../support/environment.ts';

interface RecordedHistory {
  readonly events: readonly object[];
}

let bundle: WorkflowBundlePath;
beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  bundle = await workflowBundle(testBundles, new DefaultLogger('ERROR'));
});

const recorded = (await readdir(import.meta.dirname)).filter((file) => file.endsWith('.json'));
const read = async (file: string): Promise<RecordedHistory> => JSON.parse(await readFile(path.join(import.meta.dirname, file), 'utf8')) as RecordedHistory;

async function replay(history: RecordedHistory): Promise<void> {
  await Worker.runReplayHistory({ workflowBundle: bundle }, historyFromJSON(history), 'flow:replayed');
}

test.each([
  ['booking', ['expired', 'confirmed', 'paid', 'looked-at-then-expired', 'cancelled', 'refused', 'failed']],
  ['payment', ['settled', 'declined', 'refused', 'cancelled', 'payer-timed-out', 'unknown-then-reconciled', 'late-then-given-back', 'refunded-in-part']],
  ['purchase', ['completed', 'declined', 'cancelled', 'of-a-vehicle', 'paid-then-cancelled', 'paid-then-cancelled-until-all-is-back']],
  ['order', ['completed', 'declined', 'cancelled', 'out-of-stock', 'begun-again-then-cancelled', 'begun-again-then-completed']],
  ['invoice', ['stored']],
  ['import', ['completed', 'failed', 'cancelled', 'stopped-on-failure', 'retried', 'continued', 'silent-then-begun-again']],
  ['export', ['ready', 'cancelled', 'too-large']],
  ['upload', ['completed', 'failed', 'cancelled']],
  ['cleanup', ['completed']],
  ['housekeeping', ['in-rounds', 'each-at-its-own-pace']],
])('there is a history of each way a %s can go', (flow, ends) => {
  expect(recorded).toEqual(expect.arrayContaining(ends.map((end) => `${flow}-${end}.json`)));
});

test.each(recorded)('%s replays', async (file) => {
  await replay(await read(file));
});

test('a history that this code could not have made is noticed', async () => {
  const history = await read('booking-expired.json');
  // Without its request the flow would look the booking up instead of taking it.
  const input = Buffer.from(JSON.stringify({ tenantId: 'histories', bookingId: 'bkg_other' })).toString('base64');
  const tampered = JSON.parse(JSON.stringify(history).replace(/("input":\{"payloads":\[\{[^}]*\},?"data":")[^"]*/, `$1${input}`)) as RecordedHistory;
  expect(JSON.stringify(tampered)).not.toBe(JSON.stringify(history));
  await expect(replay(tampered)).rejects.toThrow(DeterminismViolationError);
});
