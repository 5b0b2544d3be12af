/**
 * `npm run bench -- bookings`: how much `POST /v1/bookings` costs above the floor, an update-with-start of an empty
 * workflow with one local activity, on the same server in the same run. The two take turns, round by round, because
 * the speed of a machine drifts; the ratio of each round is what counts.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Client, Connection, WithStartWorkflowOperation } from '@temporalio/client';
import { readSettings } from '../../config/settings.ts';
import { bookingWorkflowId } from '../../contracts/flows.ts';
import { openDatabases } from '../../services/database/connection.ts';
import { putResource } from '../../services/database/resources.ts';
import type { StackInfo } from '../../stack/info.ts';
import { startStack } from '../../stack/start.ts';
import { floorUpdate } from './floor-messages.ts';
import { cpuOf, perRequest } from '../cpu.ts';
import { measure, median, type Measured } from '../measure.ts';

const tenantId = 'bench';
const rooms = 200;
const dayMs = 86_400_000;
const { values: options } = parseArgs({ options: { rounds: { type: 'string', default: '7' }, requests: { type: 'string', default: '400' }, concurrency: { type: 'string', default: '8' } } });

async function startFloorWorker({ temporalAddress, temporalNamespace }: StackInfo): Promise<ChildProcess> {
  const child = fork(fileURLToPath(new URL('floor-worker.ts', import.meta.url)), [temporalAddress, temporalNamespace]);
  await once(child, 'message');
  return child;
}

async function createRooms({ databaseUrl }: StackInfo): Promise<void> {
  const databases = openDatabases({ writeUrl: databaseUrl, applicationName: 'holdfast-bench' });
  for (let room = 0; room < rooms; room += 1) await putResource(databases.write, tenantId, `room-${room}`, { kind: 'room', name: `Room ${room}`, price: 1, currency: 'EUR' });
  await databases.close();
}

let made = 0;

/** One guest: a free room on a night that nobody else asks for, so every answer is 201. */
async function bookOne({ apiUrl, apiKey }: StackInfo): Promise<string> {
  const n = made++;
  const from = new Date(Date.UTC(2030, 0, 1) + Math.floor(n / rooms) * dayMs);
  const response = await fetch(`${apiUrl}/v1/bookings`, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ resourceId: `room-${n % rooms}`, customerId: `guest-${n}`, from, to: new Date(from.getTime() + dayMs) }),
  });
  const body = (await response.json()) as { id: string };
  if (response.status !== 201) throw new Error(`booking answered ${response.status}: ${JSON.stringify(body)}`);
  return body.id;
}

async function floorOne(client: Client): Promise<string> {
  const workflowId = `floor:${made++}`;
  const startWorkflowOperation = new WithStartWorkflowOperation('floor', { workflowId, taskQueue: 'bench-floor', args: [], workflowIdConflictPolicy: 'USE_EXISTING' });
  await client.workflow.executeUpdateWithStart(floorUpdate, { startWorkflowOperation });
  return workflowId;
}

async function eventsOf(client: Client, workflowId: string): Promise<number> {
  return (await client.workflow.getHandle(workflowId).describe()).historyLength;
}

const home = await mkdtemp(path.join(tmpdir(), 'holdfast-bench-'));
const settings = readSettings({ ...process.env, HOLDFAST_HOME: home, HOLDFAST_API_KEYS: `${tenantId}:bench-key-1234`, HOLDFAST_PORT: '', HOLDFAST_DATABASE_URL: '', TEMPORAL_ADDRESS: '' });
const stack = await startStack({ settings, environment: { HOLDFAST_RATE_LIMIT: '0' } });
try {
  const { info } = stack;
  await createRooms(info);
  const worker = await startFloorWorker(info);
  const client = new Client({ connection: await Connection.connect({ address: info.temporalAddress }), namespace: info.temporalNamespace });
  const floor = async (): Promise<string> => await floorOne(client);
  const booking = async (): Promise<string> => await bookOne(info);
  const requests = Number(options.requests);
  const concurrency = Number(options.concurrency);

  for (const warmUp of [floor, booking]) await measure(warmUp, { requests: 150, concurrency });
  console.log(`\n${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.versions.node}; ${requests} requests a round, ${concurrency} at a time\n`);
  const rounds: { floor: Measured; booking: Measured }[] = [];
  for (let round = 1; round <= Number(options.rounds); round += 1) {
    const measured = { floor: await measure(floor, { requests, concurrency }), booking: await measure(booking, { requests, concurrency }) };
    rounds.push(measured);
    const show = ({ p50Ms, p95Ms, perSecond }: Measured): string => `p50 ${p50Ms.toFixed(1)} ms, p95 ${p95Ms.toFixed(1)} ms, ${perSecond.toFixed(0)}/s`;
    console.log(`round ${round}: floor ${show(measured.floor)} · booking ${show(measured.booking)}`);
  }
  const parts = (): Promise<Record<string, number>> => cpuOf({ temporal: stack.info.pids.temporal, postgres: stack.info.pids.postgres, workers: stack.info.pids.workers, api: stack.info.pids.api, 'floor worker': worker.pid, 'load generator': process.pid });
  for (const [name, request] of [['floor', floor], ['booking', booking]] as const) {
    const before = await parts();
    await measure(request, { requests, concurrency });
    console.log(`processor time of a ${name}: ${perRequest(before, await parts(), requests)}`);
  }
  const latency = median(rounds.map((round) => round.booking.p50Ms / round.floor.p50Ms));
  const throughput = median(rounds.map((round) => round.booking.perSecond / round.floor.perSecond));
  console.log(`\nmedian of the rounds: p50 ${latency.toFixed(2)} × the floor (wanted: at most 1.5), throughput ${throughput.toFixed(2)} × (wanted: at least 0.7)`);

  const held = bookingWorkflowId(await booking());
  const floorId = await floor();
  console.log(`history events: ${await eventsOf(client, held)} of a held booking, ${await eventsOf(client, floorId)} of the floor`);
  worker.disconnect();
  await once(worker, 'exit');
  await client.connection.close();
} finally {
  await stack.stop();
  await rm(home, { recursive: true, force: true });
}
