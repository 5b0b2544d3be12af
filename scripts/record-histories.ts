/** `npm run record-histories`: see test/histories/record.ts. */
import { runWithStack } from './test-stack.ts';

process.exitCode = await runWithStack(['test/histories/record.ts']);
