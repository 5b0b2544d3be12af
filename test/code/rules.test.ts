/** The rules that no reviewer should have to watch: types, lint, imports. Each check is shown to be alive on code that breaks it. */
import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { run } from './run.ts';

const root = path.resolve(import.meta.dirname, '../..');
const modules = path.join(root, 'node_modules');
const compiler = path.join(modules, 'typescript/bin/tsc');
const linter = path.join(modules, 'oxlint/bin/oxlint');
// Its file has another name in each major version; the link that npm makes has not.
const cruiser = await realpath(path.join(modules, '.bin/depcruise'));

const layers = ['activities', 'api', 'bench', 'cli', 'client', 'config', 'contracts', 'deploy', 'sandbox', 'scripts', 'services', 'stack', 'test', 'workers', 'workflows'];
const inNode = async (args: string[], cwd: string): Promise<{ code: number; said: string; stdout: string }> => await run(process.execPath, args, { cwd });

/** A project of its own with our configuration and the files given. */
async function projectOf(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'holdfast-rules-'));
  for (const name of ['package.json', 'tsconfig.json', '.oxlintrc.json', '.dependency-cruiser.mjs']) await cp(path.join(root, name), path.join(folder, name));
  await symlink(modules, path.join(folder, 'node_modules'));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), text);
  }
  return folder;
}

const folders: string[] = [];
const project = async (files: Readonly<Record<string, string>>): Promise<string> => {
  const folder = await projectOf(files);
  folders.push(folder);
  return folder;
};
afterAll(async () => {
  await Promise.all(folders.map(async (folder) => { await rm(folder, { recursive: true, force: true }); }));
});

describe('types', () => {
  test('the project type-checks', async () => {
    const { code, said } = await inNode([compiler, '--noEmit'], root);
    expect({ code, said }).toEqual({ code: 0, said: '' });
  });

  test('a value that may be missing does not pass', async () => {
    const folder = await project({ 'services/first.ts': 'export const first = (rows: string[]): string => rows[0];\n' });
    const { said } = await inNode([compiler, '--noEmit'], folder);
    expect(said).toMatch(/services\/first\.ts\(1,\d+\): error TS2322/);
  });
});

describe('lint', () => {
  const broken: Readonly<Record<string, { text: string; rule: string }>> = {
    'services/floating.ts': { text: 'export function start(work: () => Promise<void>): void {\n  work();\n}\n', rule: 'typescript(no-floating-promises)' },
    'services/voided.ts': { text: 'export function start(work: () => Promise<void>): void {\n  void work();\n}\n', rule: 'typescript(no-floating-promises)' },
    'services/misused.ts': { text: 'export const any = (items: string[], check: (item: string) => Promise<boolean>): boolean => {\n  if (check(items.join())) return true;\n  return false;\n};\n', rule: 'typescript(no-misused-promises)' },
    'services/thenable.ts': { text: 'export const wait = async (ms: number): Promise<number> => {\n  const waited = await ms;\n  return waited;\n};\n', rule: 'typescript(await-thenable)' },
    'services/any.ts': { text: 'export const size = (value: any): number => Number(value);\n', rule: 'typescript(no-explicit-any)' },
    'services/unsafe.ts': { text: 'export const parse = (text: string): string => {\n  const value: string = JSON.parse(text);\n  return value;\n};\n', rule: 'typescript(no-unsafe-assignment)' },
    'services/member.ts': { text: 'export const id = (text: string): string => String(JSON.parse(text).id);\n', rule: 'typescript(no-unsafe-member-access)' },
    'services/assertion.ts': { text: 'export const id = (value: unknown): string => value as string;\n', rule: 'typescript(no-unsafe-type-assertion)' },
    'services/needless.ts': { text: 'export const id = (value: string): string => value as string;\n', rule: 'typescript(no-unnecessary-type-assertion)' },
    'services/nonnull.ts': { text: 'export const first = (rows: string[]): string => rows[0]!;\n', rule: 'typescript(no-non-null-assertion)' },
    'services/silenced.ts': { text: '// @ts-ignore\nexport const wrong: number = "one";\n', rule: 'typescript(ban-ts-comment)' },
    'services/switch.ts': { text: "export function name(kind: 'room' | 'event'): string {\n  switch (kind) {\n    case 'room':\n      return 'a room';\n  }\n  return '';\n}\n", rule: 'typescript(switch-exhaustiveness-check)' },
    'services/equal.ts': { text: 'export const same = (a: unknown, b: unknown): boolean => a == b;\n', rule: 'eslint(eqeqeq)' },
    'services/environment.ts': { text: "export const key = process.env['KEY'];\n", rule: 'node(no-process-env)' },
    'api/environment.ts': { text: "import { env } from 'node:process';\nexport const key = env['KEY'];\n", rule: 'eslint(no-restricted-imports)' },
    'workflows/files.ts': { text: "import { readFileSync } from 'node:fs';\nexport const text = readFileSync('a', 'utf8');\n", rule: 'import(no-nodejs-modules)' },
    'workflows/crypto.ts': { text: "import { randomUUID } from 'crypto';\nexport const id = randomUUID();\n", rule: 'import(no-nodejs-modules)' },
    'workflows/fetch.ts': { text: "export const answer = async (): Promise<Response> => await fetch('https://example.com');\n", rule: 'eslint(no-restricted-globals)' },
    'contracts/files.ts': { text: "import path from 'node:path';\nexport const file = path.join('a', 'b');\n", rule: 'import(no-nodejs-modules)' },
    'contracts/buffer.ts': { text: "export const bytes = Buffer.from('a');\n", rule: 'eslint(no-restricted-globals)' },
  };
  const allowed: Readonly<Record<string, string>> = {
    'config/settings.ts': "export const key = process.env['KEY'];\n",
    'workflows/chance.ts': 'export const chance = (): number => Math.random();\nexport const later = (work: () => void): void => {\n  setTimeout(work, 1_000);\n};\n',
  };
  let found: { code?: string | undefined; filename: string }[] = [];

  beforeAll(async () => {
    const folder = await project({ ...Object.fromEntries(Object.entries(broken).map(([name, { text }]) => [name, text])), ...allowed });
    const { stdout } = await inNode([linter, '--type-aware', '--format', 'json', '.'], folder);
    found = z.object({ diagnostics: z.array(z.object({ code: z.string().optional(), filename: z.string() })) }).parse(JSON.parse(stdout)).diagnostics;
  });

  test('the project has no finding', async () => {
    const { code, said } = await inNode([linter, '--type-aware', '--format', 'unix', '--deny-warnings', '.'], root);
    expect({ code, said: code === 0 ? '' : said }).toEqual({ code: 0, said: '' });
  });

  test.each(Object.entries(broken).map(([name, { rule }]) => ({ name, rule })))('$rule is found in $name', ({ name, rule }) => {
    expect(found.filter(({ filename }) => filename === name).map(({ code }) => code)).toContain(rule);
  });

  test.each(Object.keys(allowed))('%s is left alone', (name) => {
    expect(found.filter(({ filename }) => filename === name)).toEqual([]);
  });
});

describe('imports', () => {
  const value = (to: string): string => `import { thing } from '${to}';\nexport const mine = thing;\n`;
  const type = (to: string): string => `import type { Thing } from '${to}';\nexport type Mine = Thing;\n`;
  const target = 'export const thing = 1;\nexport type Thing = number;\n';
  const cases: readonly { from: string; text: string; rule: string | undefined }[] = [
    { from: 'contracts/a.ts', text: value('../services/target.ts'), rule: 'contracts-imports' },
    { from: 'contracts/b.ts', text: value('../client/target.ts'), rule: 'contracts-imports' },
    { from: 'contracts/c.ts', text: value('kysely'), rule: 'published-code-imports-dependencies-only' },
    { from: 'contracts/d.ts', text: value('@temporalio/client'), rule: 'sandbox-safe-packages' },
    { from: 'contracts/e.ts', text: value('node:path'), rule: 'no-node-in-the-sandbox' },
    { from: 'contracts/f.ts', text: value('zod'), rule: undefined },
    { from: 'workflows/a.ts', text: value('../activities/target.ts'), rule: 'workflows-imports-only-types-of-activities' },
    { from: 'workflows/b.ts', text: type('../activities/target.ts'), rule: undefined },
    { from: 'workflows/c.ts', text: type('../services/target.ts'), rule: 'workflows-imports' },
    { from: 'workflows/d.ts', text: value('../config/target.ts'), rule: 'workflows-imports' },
    { from: 'activities/a.ts', text: value('../workflows/target.ts'), rule: 'activities-imports' },
    { from: 'activities/b.ts', text: value('../config/target.ts'), rule: 'activities-imports-only-types-of-config' },
    { from: 'activities/c.ts', text: value('../services/target.ts'), rule: undefined },
    { from: 'services/a.ts', text: type('../activities/target.ts'), rule: 'services-imports' },
    { from: 'client/a.ts', text: value('../services/target.ts'), rule: 'client-imports' },
    { from: 'client/b.ts', text: value('pg'), rule: 'published-code-imports-dependencies-only' },
    { from: 'client/c.ts', text: value('../contracts/target.ts'), rule: undefined },
    { from: 'api/a.ts', text: value('../workflows/target.ts'), rule: 'api-imports' },
    { from: 'api/b.ts', text: value('../stack/target.ts'), rule: 'production-imports-no-tooling' },
    { from: 'workers/a.ts', text: value('../workflows/target.ts'), rule: 'workers-imports' },
    { from: 'workers/b.ts', text: value('../sandbox/target.ts'), rule: 'production-imports-no-tooling' },
    { from: 'cli/a.ts', text: value('../services/target.ts'), rule: 'cli-imports' },
    { from: 'cli/b.ts', text: value('../stack/target.ts'), rule: undefined },
    { from: 'stack/a.ts', text: value('../test/target.ts'), rule: 'nobody-imports-tests' },
    { from: 'services/b.ts', text: value('left-pad-that-is-not-there'), rule: 'not-to-unresolvable' },
    { from: 'services/c.ts', text: value('acorn'), rule: 'not-to-undeclared' },
    { from: 'services/d.ts', text: value('./e.ts'), rule: 'no-circular' },
    { from: 'services/forgotten.ts', text: 'export const alone = 1;\n', rule: 'no-orphans' },
  ];
  let broken: { from: string; rule: string }[] = [];

  beforeAll(async () => {
    const folder = await project({
      ...Object.fromEntries(layers.map((layer) => [`${layer}/target.ts`, target])),
      ...Object.fromEntries(cases.map(({ from, text }) => [from, text])),
      // The other half of a cycle; a cycle is reported once.
      'services/e.ts': value('./d.ts'),
    });
    const { stdout } = await inNode([cruiser, '--config', '.dependency-cruiser.mjs', '--output-type', 'json', ...layers], folder);
    const violation = z.object({ from: z.string(), rule: z.object({ name: z.string() }) });
    broken = z.object({ summary: z.object({ violations: z.array(violation) }) }).parse(JSON.parse(stdout)).summary.violations.map(({ from, rule }) => ({ from, rule: rule.name }));
  });

  test('the project keeps them', async () => {
    const there = new Set(await readdir(root));
    const { code, said } = await inNode([cruiser, '--config', '.dependency-cruiser.mjs', '--output-type', 'err', ...layers.filter((layer) => there.has(layer))], root);
    expect({ code, said: code === 0 ? '' : said }).toEqual({ code: 0, said: '' });
  });

  test.each(cases.filter(({ rule }) => rule !== undefined))('$rule is found in $from', ({ from, rule }) => {
    expect(broken.filter((one) => one.from === from).map((one) => one.rule)).toContain(rule);
  });

  test.each(cases.filter(({ rule }) => rule === undefined))('$from is left alone', ({ from }) => {
    expect(broken.filter((one) => one.from === from)).toEqual([]);
  });
});

describe('the table of task queues', () => {
  /** Options that belong into contracts/task-queues.ts, wherever else they are written with a value of their own. */
  const literals = [
    /\btaskQueue:\s*['"`]\w/,
    /\b(?:startToClose|scheduleToClose|scheduleToStart|heartbeat)Timeout:\s*['"`\d]/,
    /\b(?:maximumAttempts|initialInterval|maximumInterval|backoffCoefficient):\s*['"`\d]/,
    /\bmaxConcurrent\w+:\s*\d/,
    /\bshutdown(?:Grace|Force)Time:\s*['"`\d]/,
  ];
  const offends = (line: string): boolean => literals.some((literal) => literal.test(line));

  test.each(["taskQueue: 'bookings',", 'startToCloseTimeout: "5s"', 'retry: { maximumAttempts: 3 }', 'maxConcurrentActivities: 20,', "shutdownForceTime: '8s'"])('%s is noticed', (line) => {
    expect(offends(line)).toBe(true);
  });

  test('is the only place with a queue name, a timeout or a retry policy', async () => {
    const offenders: string[] = [];
    for (const layer of layers.filter((name) => !['test', 'bench', 'scripts'].includes(name))) {
      const files = await readdir(path.join(root, layer), { recursive: true }).catch(() => []);
      for (const file of files.map((name) => path.join(layer, name)).filter((name) => name.endsWith('.ts') && name !== 'contracts/task-queues.ts')) {
        const lines = (await readFile(path.join(root, file), 'utf8')).split('\n');
        lines.forEach((line, index) => { if (offends(line)) offenders.push(`${file}:${index + 1}: ${line.trim()}`); });
      }
    }
    expect(offenders).toEqual([]);
  });
});
