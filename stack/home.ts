/** The home folder: where everything a stack keeps has its place, and the secrets that it made for itself. */
import { randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { StackError, errorCode, explain } from './errors.ts';
import { makeFolder, readJson, writeJson } from './files.ts';

export interface Home {
  readonly root: string;
  readonly logs: string;
  readonly run: string;
  readonly postgres: string;
  readonly postgresData: string;
  readonly temporal: string;
  readonly stackFile: string;
  readonly portsFile: string;
  readonly secretsFile: string;
  readonly lockFile: string;
}

export function homeAt(path: string): Home {
  const root = resolve(path);
  return {
    root,
    logs: join(root, 'logs'),
    run: join(root, 'run'),
    postgres: join(root, 'postgres'),
    postgresData: join(root, 'postgres', 'data'),
    temporal: join(root, 'temporal'),
    stackFile: join(root, 'stack.json'),
    portsFile: join(root, 'ports.json'),
    secretsFile: join(root, 'secrets.json'),
    lockFile: join(root, 'run', 'supervisor.lock'),
  };
}

/** Creates the folders. Others may pass through the home (PostgreSQL's own user has to) but neither list nor read it. */
export function prepareHome(home: Home): void {
  try {
    makeFolder(home.root, 0o711);
    for (const folder of [home.logs, home.run, home.temporal]) makeFolder(folder, 0o700);
    makeFolder(home.postgres, 0o711);
  } catch (error) {
    const code = errorCode(error);
    if (code === 'EEXIST' || code === 'ENOTDIR') throw new StackError(`HOLDFAST_HOME (${home.root}) is not a folder.`, 'Set HOLDFAST_HOME to a folder, or remove the file that is in its place.');
    throw explain(error);
  }
}

const secrets = z.object({
  postgresPassword: z.string().min(16),
  holdfastPassword: z.string().min(16),
  temporalPassword: z.string().min(16),
  apiKeys: z.array(z.object({ tenantId: z.string(), key: z.string().min(8) })).min(1),
  /** What links to files are signed with. */
  signingKey: z.string().min(32),
  /** Of the accounts that this stack has with its own sandbox. */
  sandbox: z.object({ stripeKey: z.string().min(16), webhookSecret: z.string().min(16), gopaySecret: z.string().min(16), paytmKey: z.string().length(16) }),
});
export type Secrets = z.infer<typeof secrets>;

const tenants = ['motorhaus', 'seaview'];

/** Made once for each home and kept there, readable by its owner only. A home of an earlier version gets what it lacks. */
export function loadSecrets(home: Home): Secrets {
  const known = readJson(home.secretsFile, secrets.partial());
  const complete = secrets.safeParse(known);
  if (complete.success) return complete.data;
  const random = (bytes: number): string => randomBytes(bytes).toString('hex');
  const fresh = {
    postgresPassword: random(24),
    holdfastPassword: random(24),
    temporalPassword: random(24),
    apiKeys: tenants.map((tenantId) => ({ tenantId, key: `hf_${random(20)}` })),
    signingKey: random(32),
    sandbox: { stripeKey: random(24), webhookSecret: random(24), gopaySecret: random(16), paytmKey: random(8) },
  };
  const whole = secrets.parse({ ...fresh, ...known });
  writeJson(home.secretsFile, whole);
  return whole;
}
