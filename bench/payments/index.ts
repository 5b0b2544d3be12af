/**
 * `npm run bench -- payments`: payments per second of held bookings, by card and through the typed client, beside bare
 * workflows with the same activities under the same policies, on the same server in the same run. The sides take turns,
 * round by round, because the speed of a machine drifts; the ratio of each round is what counts.
 *
 * A payment by card has three activities: a local one, an ordinary one, a local one. What it costs besides its own
 * workflow: the gateway has to be asked, and the booking's flow has to end. (The gateway, a sandbox here, and the webhooks
 * that it sends take their part of the same processors, too.) So there are three floors. `bare`: one workflow, three
 * activities, nothing in them. `local`: the same with two of them local, as a payment has them. `alike`: like `local`, but
 * the ordinary activity makes one HTTP request to a server that does nothing, and the last one tells a bare hold, which
 * ends; that is what any payment of a held booking has to do on Temporal, whatever is in its steps.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Client, Connection, WithStartWorkflowOperation } from '@temporalio/client';
import { Holdfast, newPaymentId } from '../../client/index.ts';
import { readSettings } from '../../config/settings.ts';
import { bookingWorkflowId, paymentWorkflowId } from '../../contracts/flows.ts';
import { openDatabases } from '../../services/database/connection.ts';
import { putResource } from '../../services/database/resources.ts';
import type { StackInfo } from '../../stack/info.ts';
import { startStack } from '../../stack/start.ts';
import { workerArguments, workerEnvironment } from '../../stack/worker-process.ts';
import { cpuOf, perRequest } from '../cpu.ts';
import { measure, median, type Measured } from '../measure.ts';
import { floorQueue, floorUpdate, holdIdOf } from './floor-messages.ts';

const tenantId = 'bench';
const rooms = 100;
const dayMs = 86_400_000;
const wantedRatio = 0.8;
const { values: options } = parseArgs({ options: { rounds: { type: 'string', default: '5' }, warmUps: { type: 'string', default: '4' }, requests: { type: 'string', default: '200' }, concurrency: { type: 'string', default: '16' } } });
const requests = Number(options.requests);
const concurrency = Number(options.concurrency);

interface Child {
  readonly process: ChildProcess;
  readonly message: string;
}

/** As the stack starts its workers. */
async function startChild(file: string, args: readonly string[] = []): Promise<Child> {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), args, { execArgv: [...workerArguments], env: { ...process.env, ...workerEnvironment } });
  const [message] = (await once(child, 'message')) as [string];
  return { process: child, message };
}

async function createRooms({ databaseUrl }: StackInfo): Promise<void> {
  const databases = openDatabases({ writeUrl: databaseUrl, applicationName: 'holdfast-bench' });
  for (let room = 0; room < rooms; room += 1) await putResource(databases.write, tenantId, `room-${room}`, { kind: 'room', name: `Room ${room}`, price: 27_000, currency: 'EUR' });
  await databases.close();
}

type FloorKind = 'bare' | 'local' | 'alike';

let made = 0;

/** Bookings to be paid, each held by a flow that is running. */
async function hold(holdfast: Holdfast, count: number): Promise<string[]> {
  const held: string[] = [];
  const one = async (): Promise<void> => {
    const n = made++;
    const from = Date.UTC(2030, 0, 1) + Math.floor(n / rooms) * dayMs;
    const { id } = await holdfast.bookings.book({ resourceId: `room-${n % rooms}`, customerId: `guest-${n}`, from: new Date(from).toISOString(), to: new Date(from + dayMs).toISOString() });
    held.push(id);
  };
  await measure(one, { requests: count, concurrency: 8 });
  return held;
}

async function payOne(holdfast: Holdfast, bookingId: string): Promise<string> {
  const id = newPaymentId();
  const { status } = await holdfast.payments.payBooking({ id, bookingId, gateway: 'stripe', method: 'pm_card_visa' });
  if (status !== 'settled') throw new Error(`payment ${id} is ${status}`);
  return id;
}

async function floorOne(client: Client, kind: FloorKind, workflowId = `floor:${made++}`): Promise<string> {
  const startWorkflowOperation = new WithStartWorkflowOperation(kind, { workflowId, taskQueue: floorQueue, args: kind === 'alike' ? [workflowId] : [], workflowIdConflictPolicy: 'USE_EXISTING' });
  await client.workflow.executeUpdateWithStart(floorUpdate, { startWorkflowOperation });
  return workflowId;
}

/** Floors to come, whose bare holds are running. */
async function holdFloors(client: Client, count: number): Promise<string[]> {
  const held: string[] = [];
  const one = async (): Promise<void> => {
    const floorId = `floor:${made++}`;
    await client.workflow.start('hold', { workflowId: holdIdOf(floorId), taskQueue: floorQueue, args: [] });
    held.push(floorId);
  };
  await measure(one, { requests: count, concurrency: 8 });
  return held;
}

/** What a round leaves behind must not weigh on the round after it. */
async function quiet({ sandboxUrl }: StackInfo): Promise<void> {
  for (;;) {
    const { pending } = (await (await fetch(`${sandboxUrl ?? ''}/_webhooks`)).json()) as { pending: number };
    if (pending === 0) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await new Promise((resolve) => setTimeout(resolve, 1_000));
}

const home = await mkdtemp(path.join(tmpdir(), 'holdfast-bench-'));
const settings = readSettings({ ...process.env, HOLDFAST_HOME: home, HOLDFAST_API_KEYS: `${tenantId}:bench-key-1234`, HOLDFAST_PORT: '', HOLDFAST_DATABASE_URL: '', TEMPORAL_ADDRESS: '' });
const stack = await startStack({ settings, environment: { HOLDFAST_RATE_LIMIT: '0' } });
try {
  const { info } = stack;
  await createRooms(info);
  const gateway = await startChild('floor-gateway.ts');
  const worker = await startChild('floor-worker.ts', [info.temporalAddress, info.temporalNamespace, gateway.message]);
  const connection = await Connection.connect({ address: info.temporalAddress });
  const client = new Client({ connection, namespace: info.temporalNamespace });
  const holdfast = Holdfast.over(client, { tenantId });

  const sides = {
    bare: async () => await Promise.resolve(async () => await floorOne(client, 'bare')),
    local: async () => await Promise.resolve(async () => await floorOne(client, 'local')),
    alike: async () => {
      const held = await holdFloors(client, requests);
      return async () => await floorOne(client, 'alike', held.pop());
    },
    payment: async () => {
      const held = await hold(holdfast, requests);
      return async () => await payOne(holdfast, held.pop() ?? '');
    },
  } as const satisfies Record<string, () => Promise<() => Promise<string>>>;
  type Side = keyof typeof sides;
  const sideNames: readonly Side[] = ['bare', 'local', 'alike', 'payment'];
  const round = async (side: Side): Promise<Measured> => {
    const one = await sides[side]();
    await quiet(info);
    const measured = await measure(one, { requests, concurrency });
    await quiet(info);
    return measured;
  };

  // A payment has more code than a floor, and the engine compiles it while the first thousand are made.
  for (let n = 1; n <= Number(options.warmUps); n += 1) for (const side of sideNames) await round(side);
  console.log(`\n${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.versions.node}; ${requests} payments a round, ${concurrency} at a time, after ${options.warmUps} rounds to warm up; the sandbox and its webhooks run on the same processors\n`);
  const rounds: Readonly<Record<Side, Measured>>[] = [];
  for (let n = 1; n <= Number(options.rounds); n += 1) {
    const measured = { bare: await round('bare'), local: await round('local'), alike: await round('alike'), payment: await round('payment') };
    rounds.push(measured);
    const show = ({ p50Ms, perSecond }: Measured): string => `p50 ${p50Ms.toFixed(0)} ms, ${perSecond.toFixed(1)}/s`;
    console.log(`round ${n}: ${sideNames.map((side) => `${side} ${show(measured[side])}`).join(' · ')}`);
  }

  const { temporal, postgres, workers, api, sandbox } = stack.info.pids;
  const parts = async (): Promise<Record<string, number>> => await cpuOf({ temporal, postgres, workers, api, sandbox, 'floor worker': worker.process.pid, "floor's gateway": gateway.process.pid, 'load generator': process.pid });
  for (const side of sideNames) {
    const one = await sides[side]();
    await quiet(info);
    const before = await parts();
    await measure(one, { requests, concurrency });
    await quiet(info);
    console.log(`processor time, ${side}: ${perRequest(before, await parts(), requests)}`);
  }

  const ratio = (side: Side): string => median(rounds.map((measured) => measured.payment.perSecond / measured[side].perSecond)).toFixed(2);
  const slower = (side: Side): string => median(rounds.map((measured) => measured.payment.p50Ms / measured[side].p50Ms)).toFixed(2);
  console.log(`\nmedian of the rounds: throughput ${ratio('bare')} × bare (wanted: at least ${wantedRatio}), ${ratio('local')} × local, ${ratio('alike')} × alike; p50 ${slower('bare')} ×, ${slower('local')} ×, ${slower('alike')} ×`);

  const [bookingId = ''] = await hold(holdfast, 1);
  const paymentId = await payOne(holdfast, bookingId);
  const [floorId = ''] = await holdFloors(client, 1);
  await floorOne(client, 'alike', floorId);
  await quiet(info);
  const eventsOf = async (workflowId: string): Promise<number> => (await client.workflow.getHandle(workflowId).describe()).historyLength;
  console.log(`history events: ${await eventsOf(paymentWorkflowId(paymentId))} of a payment, ${await eventsOf(bookingWorkflowId(bookingId))} of the booking that it confirms, ${await eventsOf(floorId)} of a floor with local activities, ${await eventsOf(holdIdOf(floorId))} of the bare hold that it ends`);
  for (const { process: child } of [worker, gateway]) {
    child.disconnect();
    await once(child, 'exit');
  }
  await connection.close();
} finally {
  await stack.stop();
  await rm(home, { recursive: true, force: true });
}
