/** Where everything of a running stack is: `stack.json` in the home, for people, tests and the CLI. */
import { z } from 'zod';
import { gatewayNames } from '../contracts/payments/flow.ts';
import { readJson } from './files.ts';
import type { Home } from './home.ts';

const pid = z.int().positive().nullable();

export const stackInfo = z.object({
  apiUrl: z.string(),
  /** The first tenant's. */
  apiKey: z.string(),
  apiKeys: z.record(z.string(), z.string()),
  temporalAddress: z.string(),
  temporalNamespace: z.string(),
  /** Null when the Temporal server is someone else's and its Web UI was not named. */
  temporalUiUrl: z.string().nullable(),
  databaseUrl: z.string(),
  /** Null when the user has an account with each payment gateway. */
  sandboxUrl: z.string().nullable(),
  /** The gateways that the sandbox stands in for. With every other one it would be real money. */
  sandboxedGateways: z.array(z.enum(gatewayNames)),
  /** There is no mail yet. */
  inboxUrl: z.string().nullable(),
  home: z.string(),
  logs: z.string(),
  pids: z.object({ supervisor: z.int().positive(), postgres: pid, temporal: pid, ui: pid, workers: pid, api: pid, sandbox: pid }),
});
export type StackInfo = z.infer<typeof stackInfo>;

/** @returns undefined when no stack is up in this home (or it was killed and left a file that cannot be read). */
export function readStackInfo(home: Home): StackInfo | undefined {
  return readJson(home.stackFile, stackInfo);
}
