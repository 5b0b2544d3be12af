/** What `npm test` has prepared before jest starts: see scripts/test.ts. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';

export interface TestStack {
  readonly apiUrl: string;
  readonly apiKeys: Readonly<Record<string, string>>;
  readonly temporalAddress: string;
  readonly temporalNamespace: string;
  readonly databaseUrl: string;
}

function variable(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set. Run the tests with \`npm test\`; one file with \`npm test -- test/that.test.ts\`.`);
  return value;
}

export const testStack = async (): Promise<TestStack> => JSON.parse(await readFile(variable('HOLDFAST_TEST_STACK'), 'utf8')) as TestStack;

/** The time-skipping server, as the SDK wants to be told of it. */
export const timeSkippingServer = (): { type: 'existing-path'; path: string } => ({ type: 'existing-path', path: variable('HOLDFAST_TEST_SERVER') });

/** Where the workflow bundle of the tests is kept from one run to the next. */
export const testBundles = path.resolve(import.meta.dirname, '../../.holdfast/test-bundles');
