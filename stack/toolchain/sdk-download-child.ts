/** Started by sdk-download.ts. Lets the SDK download an executable into a folder; starting it once proves that it runs. */
import { TestWorkflowEnvironment } from '@temporalio/testing';

const [what, downloadDir] = process.argv.slice(2);
if (downloadDir === undefined) throw new Error('usage: sdk-download-child.ts <cli|test-server> <folder>');

const executable = { type: 'cached-download', downloadDir, version: 'default' } as const;
try {
  const environment = what === 'cli' ? await TestWorkflowEnvironment.createLocal({ server: { executable } }) : await TestWorkflowEnvironment.createTimeSkipping({ server: { executable } });
  await environment.teardown();
  process.exit(0);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
