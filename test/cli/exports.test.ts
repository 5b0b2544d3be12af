import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { newExportId, type ExportView } from '../../client/index.ts';
import type { Databases } from '../../services/database/connection.ts';
import { cli, done, expectRefusal, start } from '../support/cli.ts';
import { openTestDatabase } from '../support/database.ts';
import { eventually, shop } from '../support/http.ts';

const city = `City of the command line ${process.pid}`;
const few = ['--filter', `city=${city}`];

let databases: Databases;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'holdfast-cli-exports-'));
  databases = await openTestDatabase();
  await databases.write.insertInto('users').values({ tenant_id: 'shop-a', external_id: `cli-${process.pid}`, email: 'cli@example.org', city, import_no: 1, import_position: 1 }).execute();
});
afterAll(async () => {
  await databases.write.deleteFrom('users').where('tenant_id', '=', 'shop-a').where('external_id', 'like', `cli-${process.pid}%`).execute();
  await databases.close();
  await rm(folder, { recursive: true, force: true });
});

describe('export', () => {
  test('is followed until it is ready, and says its link', async () => {
    const said = await done('export', 'users', '--format', 'xlsx', ...few);
    const lines = said.trimEnd().split('\n');
    expect(said).toMatch(/^exp_\w{26} {2}100 % {2}Ready: 1 row as xlsx$/m);
    expect(lines.at(-3)).toMatch(/^exp_\w{26} {2}ready$/);
    expect(lines.at(-2)).toMatch(/^ {2}users as xlsx, 1 row, [\d,]+ bytes$/);
    const file = await fetch(/UTC: (\S+)$/.exec(lines.at(-1) ?? '')?.[1] ?? '');
    expect([file.status, Buffer.from(await file.arrayBuffer()).subarray(0, 2).toString()]).toEqual([200, 'PK']);
  });

  test('is downloaded to a file, whole or not at all, and no file is overwritten without --force', async () => {
    const file = path.join(folder, 'users.csv');
    const lines = (await done('export', 'users', ...few, '--output', file, '--json')).trimEnd().split('\n').map((line) => JSON.parse(line) as unknown);
    const csv = await readFile(file);
    expect(lines.at(-2)).toMatchObject({ percent: 100, rows: 1, export: { status: 'ready' } });
    expect(lines.at(-1)).toMatchObject({ status: 'ready', sha256: createHash('sha256').update(csv).digest('hex') });
    expect(csv.toString()).toMatch(/^external_id,.*\ncli-\d+,cli@example\.org,/);
    await writeFile(file, 'mine');
    expectRefusal(await cli(['export', 'users', '--output', file]), /There is a file .* already/, /--force/);
    expect(await readFile(file, 'utf8')).toBe('mine');
    expect(await done('export', 'users', ...few, '--output', file, '--force')).toContain(`Saved as ${file}\n`);
    expect(await readFile(file)).toEqual(csv);
    const nowhere = await cli(['export', 'users', ...few, '--output', path.join(folder, 'no/such/folder.csv')]);
    expect([nowhere.code, nowhere.stderr]).toEqual([1, expect.stringMatching(/cannot be written: ENOENT/)]);
    expect(await readdir(folder)).toEqual(['users.csv']);
  });

  test('goes to standard output, and nothing else does', async () => {
    const { code, stdout, stderr } = await cli(['export', 'users', '--format', 'ndjson', ...few, '--output', '-']);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout.split('\n').map((line) => (line === '' ? line : (JSON.parse(line) as { city: string }).city))).toEqual([city, '']);
  });

  test('is not waited for with --no-watch, is listed, and followed by its id', async () => {
    const said = await done('export', 'users', '--format', 'pdf', ...few, '--no-watch', '--name', 'Report', '--days', '1.5', '--requested-by', 'olga', '--json');
    const { id, fileName, requestedBy } = JSON.parse(said) as ExportView;
    expect([fileName, requestedBy]).toEqual(['Report.pdf', 'olga']);
    expect(await done('watch', id)).toMatch(new RegExp(`^${id}  100 %  Ready: 1 row as pdf$`, 'm'));
    expect(await done('status', `export:${id}`)).toMatch(new RegExp(`^export:${id}  ready, flow completed\n`));
    expect(await done('exports', '--status', 'ready', '--dataset', 'users')).toMatch(new RegExp(`^${id}  ready +users +pdf +100 % +1 `, 'm'));
    const { items } = JSON.parse(await done('exports', '--json')) as { items: ExportView[] };
    const found = items.find((item) => item.id === id);
    const pdf = Buffer.from(await (await fetch(found?.downloadUrl ?? '')).arrayBuffer());
    expect(createHash('sha256').update(pdf).digest('hex')).toBe(found?.sha256);
    expectRefusal(await cli(['cancel', id]), /\(not_cancellable\)$/, /flows/);
    expectRefusal(await cli(['resume', id]), /\(nothing_to_resume\)$/, /export/);
  });

  test('is cancelled while it is written; whoever follows it is told', async () => {
    // Drawing as many takes some seconds; a pdf takes no more.
    const slow = `slow-${process.pid}`;
    await sql`INSERT INTO users (tenant_id, external_id, email, city, import_no, import_position) SELECT 'shop-a', ${`cli-${process.pid}-`} || n, 'x@example.org', ${slow}, 1, n FROM generate_series(1, 20000) AS n`.execute(databases.write);
    const following = start(['export', 'users', '--format', 'pdf', '--filter', `city=${slow}`]);
    await following.until(/exp_\w{26}/);
    const [id = ''] = /exp_\w{26}/.exec(following.stdout()) ?? [];
    // Not by a command: one takes longer to start than a fast machine needs to draw.
    await (await shop('shop-a')).call('POST', `/v1/exports/${id}/cancel`);
    const { code, stderr } = await following.ended;
    expect([code, stderr]).toEqual([1, expect.stringMatching(/The export was cancelled/)]);
    await eventually('it to be cancelled', async () => (await done('status', id)).includes('cancelled'));
    expect(await done('cancel', id)).toMatch(new RegExp(`^${id}  cancelled\n`));
  });

  const refused: [string, readonly string[], RegExp, RegExp][] = [
    ['a dataset that does not exist', ['export', 'secrets'], /Choose from: attendees.*\(unknown_dataset\)$/, /--help/],
    ['a format that does not exist', ['export', 'users', '--format', 'docx'], /Choose from: csv.*\(unknown_format\)$/, /--help/],
    ['a filter that is not there', ['export', 'users', '--filter', 'gateway=stripe'], /filters\.gateway: is not known here.*\(invalid_request\)$/, /--help/],
    ['an export that does not exist, to cancel', ['cancel', newExportId()], /\(export_not_found\)$/, /exports/],
    ['an export that does not exist, to watch', ['watch', newExportId()], /\(flow_not_found\)$/, /exports/],
  ];
  test.each(refused)('refuses %s', async (_, command, what, remedy) => {
    expectRefusal(await cli(command), what, remedy);
  });

  const wrong: [string, readonly string[], RegExp][] = [
    ['a filter without a value', ['export', 'users', '--filter', 'city'], /name=value/],
    ['more than a week', ['export', 'users', '--days', '8'], /7 at most/],
    ['a file that is not waited for', ['export', 'users', '--no-watch', '--output', 'x.csv'], /waited for/],
    ['JSON and the file on one stream', ['export', 'users', '--json', '--output', '-'], /standard output/],
  ];
  test.each(wrong)('with %s is a usage error', async (_, command, what) => {
    const { code, stdout, stderr } = await cli(command);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(what);
  });
});
