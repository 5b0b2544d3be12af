/** `npm test`: makes what the tests need, then runs jest. Arguments go to jest: `npm test -- test/flows`. */
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { project, runWithStack } from './test-stack.ts';

const results = path.join(project, '.holdfast', 'test-results.json');
await mkdir(path.dirname(results), { recursive: true });
await rm(results, { force: true });
const jest = path.join(project, 'node_modules/jest/bin/jest.js');
// Jest's ES module support needs the flag; the report goes to stderr, the results to the file.
process.exitCode = await runWithStack(['--experimental-vm-modules', '--no-warnings', jest, '--json', `--outputFile=${results}`, ...process.argv.slice(2)]);
