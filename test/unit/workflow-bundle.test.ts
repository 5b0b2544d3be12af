import { readFile } from 'node:fs/promises';
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
