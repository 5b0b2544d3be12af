import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { newImportId, type ImportView } from '../../client/index.ts';
import { importWorkflowId } from '../../contracts/flows.ts';
import type { Databases } from '../../services/database/connection.ts';
import { cli, controlCharacters, done, expectRefusal, paste, start } from '../support/cli.ts';
import { openTestDatabase } from '../support/database.ts';
import { testStack } from '../support/environment.ts';
import { eventually } from '../support/http.ts';

const header = 'external_id,email,first_name\n';
const ids = (count: number): string[] => {
  const batch = randomUUID();
  return Array.from({ length: count }, (_, at) => `${batch}-${at}`);
};
const csv = (list: readonly string[]): string => header + list.map((id) => `${id},${id}@example.org,Ada\n`).join('');

let databases: Databases;
let folder: string;
beforeAll(async () => {
  databases = await openTestDatabase();
  folder = await mkdtemp(path.join(tmpdir(), 'holdfast-cli-imports-'));
});
afterAll(async () => {
  await databases.close();
  await rm(folder, { recursive: true, force: true });
});

let made = 0;
async function file(contents: string, name = `people-${(made += 1)}.csv`): Promise<string> {
  const at = path.join(folder, name);
  await writeFile(at, contents);
  return at;
}

const idIn = (said: string): string => /imp_\w{26}/.exec(said)?.[0] ?? '';

/** An import of which one chunk waits until it is let go. */
async function underWay(...flags: string[]): Promise<{ id: string; letGo: () => Promise<void> }> {
  const [id = ''] = ids(1);
  await databases.write.insertInto('users').values({ tenant_id: 'shop-a', external_id: id, email: 'held@example.org', import_no: 0, import_position: 0 }).execute();
  let free = (): void => undefined;
  const asked = new Promise<void>((resolve) => (free = resolve));
  let held = (): void => undefined;
  const holding = new Promise<void>((resolve) => (held = resolve));
  const transaction = databases.write.transaction().execute(async (tx) => {
    await tx.selectFrom('users').select('email').where('external_id', '=', id).forUpdate().execute();
    held();
    await asked;
  });
  await holding;
  const begun = JSON.parse(await done('import', await file(csv([id])), '--dataset', 'users', '--no-watch', '--json', ...flags)) as ImportView;
  await eventually('its chunk to be known', async () => (JSON.parse(await done('imports', '--json', '--limit', '50')) as { items: ImportView[] }).items.find((item) => item.id === begun.id)?.chunks.total === 1);
  return {
    id: begun.id,
    letGo: async () => {
      free();
      await transaction;
    },
  };
}

describe('import', () => {
  test('follows the import, says what came of it, and how to get at the rejected rows', async () => {
    const [good = '', bad = ''] = ids(2);
    const at = await file(`${csv([good])}${bad},no address,Bob\n`, 'people.csv');
    const said = await done('import', at, '--dataset', 'users');
    const id = idIn(said);
    expect(said).toMatch(/^imp_\w{26} {2}100 % {2}completed$/m);
    expect(said).toMatch(/^imp_\w{26} {2}completed\n {2}people\.csv → users\n {2}2 rows: 1 inserted, 0 updated, 1 rejected\.\n {2}Rejected rows: .*rejects imp_/m);
    expect(said).not.toContain('no address');
    const hint = said.split('\n').find((line) => line.includes('Rejected rows:'))?.replace(/.*Rejected rows: /, '').replace('rejects.csv', path.join(folder, 'rejects.csv')) ?? '';
    expect((await paste(hint).ended).code).toBe(0);
    const rejects = await readFile(path.join(folder, 'rejects.csv'), 'utf8');
    expect(rejects).toMatch(/^_line,_reason,external_id,email,first_name\r\n3,.*,no address,Bob\r\n$/);
    expect(await done('rejects', id)).toBe(rejects);
    expect(await done('import', await file(rejects.replace('no address', 'bob@example.org')), '--dataset', 'users')).toContain('1 row: 1 inserted, 0 updated, 0 rejected.');
    expectRefusal(await cli(['rejects', id, '--output', path.join(folder, 'rejects.csv')]), /There is a file/, /--force/);
    expect(await done('imports', '--limit', '200')).toMatch(new RegExp(`^${id}  completed +users +people\\.csv +100 % +2 +1 `, 'm'));
  });

  test('takes what comes through a pipe, columns by other names, and a dry run', async () => {
    const [id = ''] = ids(1);
    const at = await file(`Nummer;Kontakt\n${id};ada@example.org\n`);
    const ended = await paste(`cat ${at} | cli/holdfast import - --dataset users --map Nummer=external_id --map Kontakt=email --dry-run --json`).ended;
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    const last = JSON.parse(ended.stdout.trimEnd().split('\n').at(-1) ?? '') as ImportView;
    expect(last).toMatchObject({ status: 'completed', dryRun: true, rows: { inserted: 1 }, files: [{ delimiter: ';', columns: [{ header: 'Nummer', column: 'external_id' }, { header: 'Kontakt', column: 'email' }] }] });
    expect(last.files[0]?.name).toBeUndefined();
    expect(await databases.write.selectFrom('users').select('email').where('external_id', '=', id).execute()).toEqual([]);
  });

  test('whose headers were named by hand says how the corrected rows are imported', async () => {
    const [good = '', bad = ''] = ids(2);
    const ended = await paste(`printf 'Kunden Nr,E-Mail,Vorname\\n${good},a@example.org,Ada\\n${bad},no address,Bob\\n' | cli/holdfast import - --dataset users --map 'Kunden Nr=external_id' --map Vorname=first_name`).ended;
    const rejects = path.join(folder, 'by-hand.csv');
    const said = await done('rejects', idIn(ended.stdout), '--output', rejects);
    await writeFile(rejects, (await readFile(rejects, 'utf8')).replace('no address', 'bob@example.org'));
    const again = said.split('\n').find((line) => line.includes('Correct it, then: '))?.replace(/.*Correct it, then: /, '') ?? '';
    expect(again).toContain("--map 'Kunden Nr=external_id'");
    expect(await paste(again).ended).toMatchObject({ code: 0, stdout: expect.stringContaining('1 row: 1 inserted, 0 updated, 0 rejected.') });
  });

  test('with a file that is no good ends with 1, and says where and what to do', async () => {
    const ended = await cli(['import', await file('external_id,city\n1,Rome\n'), '--dataset', 'users']);
    expect(ended.code).toBe(1);
    expect(ended.stdout).toMatch(/^imp_\w{26} {2}failed \(header_invalid\)\n {2}people-\d+\.csv → users\n$/m);
    // Said once.
    expect(`${ended.stdout}${ended.stderr}`.split('The column email is missing')).toHaveLength(2);
    expect(ended.stderr).toContain('Nothing was imported.');
    expect(ended.stderr).toMatch(/^✖ The import failed at line 1: .*email.*\(header_invalid\)\n {2}Say which header is which column with --map/);
  });

  test('is left with Ctrl-C, which says how to come back; the import goes on', async () => {
    const { id, letGo } = await underWay();
    const watching = start(['watch', id]);
    await watching.until(/importing/);
    watching.child.kill('SIGINT');
    const left = await watching.ended;
    expect(left).toMatchObject({ code: 0 });
    const back = left.stdout.trimEnd().split('\n').at(-1)?.trim() ?? '';
    expect(back).toContain(`watch ${id}`);
    await letGo();
    const ended = await paste(back).ended;
    expect(ended).toMatchObject({ code: 0, stdout: expect.stringContaining('1 row: 0 inserted, 1 updated, 0 rejected.') });
  });

  test('shows a bar with rows on a terminal, and obeys nothing that is in a name', async () => {
    const at = await file(csv(ids(2)), 'evil\u001b[31m.csv');
    const ended = await cli(['import', at, '--dataset', 'users', '--name', 'fine.csv'], { onTerminal: true });
    expect(ended.code).toBe(0);
    expect(ended.stdout).toMatch(/█.*100 %.*2 of 2 rows/);
    expectRefusal(await cli(['import', at, '--dataset', 'users']), /fileName.*control characters/, /--help/);
    // oxlint-disable-next-line no-control-regex -- the colours of the terminal are meant
    expect((await done('imports')).replaceAll(/\u001b\[\d+m/g, '')).not.toMatch(controlCharacters);
  });

  const refused: [string, () => Promise<readonly string[]>, RegExp, RegExp][] = [
    ['a dataset that does not exist', async () => ['import', await file(csv(ids(1))), '--dataset', 'boats'], /no dataset boats.*\(unknown_dataset\)$/, /--help/],
    ['a column that does not exist', async () => ['import', await file(csv(ids(1))), '--dataset', 'users', '--map', 'a=shoe_size'], /shoe_size.*\(invalid_request\)$/, /--help/],
    ['an empty file', async () => ['import', await file(''), '--dataset', 'users'], /\(file_empty\)$/, /datasets/],
    ['an import that does not exist, to watch', () => Promise.resolve(['watch', newImportId()]), /\(import_not_found\)$/, /imports/],
    ['an import that does not exist, to pause', () => Promise.resolve(['pause', newImportId()]), /\(import_not_found\)$/, /imports/],
    ['a booking, to pause', () => Promise.resolve(['pause', newImportId().replace('imp', 'bkg')]), /cannot be paused/, /import/],
    ['rejects that there are not', async () => ['rejects', idIn(await done('import', await file(csv(ids(1))), '--dataset', 'users'))], /\(file_not_found\)$/, /./],
    ["another tenant's import", async () => ['status', idIn(await done('import', await file(csv(ids(1))), '--dataset', 'users')), '--tenant', 'shop-b'], /\(flow_not_found\)$/, /--tenant/],
  ];
  test.each(refused)('refuses %s', async (_, command, what, remedy) => {
    expectRefusal(await cli(await command()), what, remedy);
  });

  test.each<[string, readonly string[], RegExp]>([
    ['no dataset', ['import', 'package.json'], /--dataset/],
    ['two targets', ['import', 'package.json', '--dataset', 'users', '--add-to', newImportId()], /--dataset/],
    ['a file that is not there', ['import', '/no/such/file', '--dataset', 'users'], /There is no file/],
    ['half a mapping', ['import', 'package.json', '--dataset', 'users', '--map', 'email'], /header=column/],
  ])('with %s is a usage error', async (_, command, what) => {
    const { code, stdout, stderr } = await cli(command);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(what);
  });
});

/** Whoever pauses waits for what is being loaded, so nothing is said before. */
async function signalled(id: string, signal: string): Promise<void> {
  const { temporalAddress: address, temporalNamespace: namespace } = await testStack();
  const connection = await Connection.connect({ address });
  const flow = new Client({ connection, namespace }).workflow.getHandle(importWorkflowId(id));
  await eventually(`the signal ${signal}`, async () => (await flow.fetchHistory()).events?.some(({ workflowExecutionSignaledEventAttributes: sent }) => sent?.signalName === signal));
  await connection.close();
}

test('pause, more files, resume and cancel take the id of an import', async () => {
  const { id, letGo } = await underWay();
  const pausing = start(['pause', id]);
  await signalled(id, 'pause');
  expect(await done('import', await file(csv(ids(2))), '--add-to', id, '--no-watch')).toContain(`${id}  `);
  await letGo();
  expect(await pausing.ended).toMatchObject({ code: 0, stdout: expect.stringMatching(new RegExp(`^${id} {2}paused\n[^]*Next: .*resume ${id}`)) });
  expect(await done('status', id)).toMatch(/paused/);
  expect(await done('resume', id)).toContain(id);
  expect(await done('watch', id)).toContain('3 rows: 2 inserted, 1 updated, 0 rejected.');
  expectRefusal(await cli(['resume', id]), /\(nothing_to_resume\)$/, /./);
  expectRefusal(await cli(['cancel', id]), /The import is completed.*\(import_closed\)$/, /imports/);

  const other = await underWay();
  expect(await done('cancel', other.id)).toMatch(/^imp_\w{26} {2}cancelled\n.*\n {2}Cancelled\. Nothing was imported\.\n$/);
  await other.letGo();
});

test('datasets are listed, described, and have an example that can be imported', async () => {
  expect(await done('datasets')).toMatch(/^users +external_id +People/m);
  expect(await done('datasets', 'users')).toMatch(/^email +yes +ada@example\.com +mail, email address/m);
  const example = await file(await done('datasets', 'users', '--example'));
  expect(await done('import', example, '--dataset', 'users', '--dry-run')).toContain('0 rejected; nothing was written.');
  expectRefusal(await cli(['datasets', 'boats']), /\(unknown_dataset\)$/, /--help/);
});
