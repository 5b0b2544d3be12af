/** Stripe's own stand-in: it checks requests against Stripe's OpenAPI document. */
import { stripeMockVersion } from '../../stack/toolchain/versions.ts';
import { ensureGoProgram, startProgram, type RunningProgram } from '../support/go-program.ts';
import { freePort } from '../support/ports.ts';

export type RunningMock = RunningProgram;

/** @returns the program, or why this machine cannot have it. */
export const ensureStripeMock = async () => await ensureGoProgram({ name: 'stripe-mock', version: stripeMockVersion, package: 'github.com/stripe/stripe-mock' });

export async function startStripeMock(file: string): Promise<RunningMock> {
  const port = await freePort();
  return await startProgram(file, ['-http-addr', `127.0.0.1:${port}`], `http://127.0.0.1:${port}`);
}
