#!/usr/bin/env node
/** Process entry of the `holdfast` command. */
import { CommanderError } from 'commander';
import { reportError } from './errors.ts';
import { createProgram } from './program.ts';

const usageErrorExitCode = 2;

// A reader that has seen enough (`holdfast bookings --all | head`) is not an error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

const asJson = process.argv.includes('--json');
try {
  await createProgram().parseAsync();
} catch (error) {
  // Commander has printed its own message, or the help that was asked for.
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : usageErrorExitCode;
  else process.exitCode = reportError(error, asJson);
}
