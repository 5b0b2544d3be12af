import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { DefaultLogger } from '@temporalio/worker';
import { workflowBundle } from '../../workers/bundle.ts';
import { testBundles } from '../support/environment.ts';

test('the workflow bundle has no schema library in it, for which no workflow has a use', async () => {
  const { codePath } = await workflowBundle(testBundles, new DefaultLogger('ERROR'));
  const code = await readFile(codePath, 'utf8');
  expect(code).toContain('workflows/payments/advance.ts');
  expect(code.match(/"\.\/node_modules\/zod\/[^"]*"/)).toBeNull();
});

test('workers that start at once do not take the bundle from each other, nor from one of another version; an old one goes', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'holdfast-bundles-'));
  try {
    const [young, old] = [path.join(folder, 'workflows-young.js'), path.join(folder, 'workflows-old.js')];
    for (const file of [young, old]) await writeFile(file, '');
    const days = Date.now() / 1000 - 2 * 86_400;
    await utimes(old, days, days);
    const made = await Promise.all([1, 2].map(async () => (await readFile((await workflowBundle(folder, new DefaultLogger('ERROR'))).codePath)).length));
    expect(made[0]).toBeGreaterThan(100_000);
    expect(made[1]).toBe(made[0]);
    const left = await readdir(folder);
    expect(left.length).toBe(2);
    expect(left).toContain(path.basename(young));
  } finally {
    await rm(folder, { recursive: true });
  }
});
