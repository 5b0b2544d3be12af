/** What the workers and the API are told: the inherited environment with this stack's addresses over it. */
import { join } from 'node:path';
import type { Settings } from '../config/settings.ts';
import { writeFileAtomic } from './files.ts';
import type { Home } from './home.ts';

export interface ApiKey {
  readonly tenantId: string;
  readonly key: string;
}

export interface EnvironmentOptions {
  readonly settings: Settings;
  readonly home: Home;
  readonly apiKeys: readonly ApiKey[];
  readonly apiPort: number;
  readonly databaseUrl: string;
  readonly temporalAddress: string;
  readonly temporalUiUrl: string | null;
  /** Temporal is started by this stack, so a profile or key meant for another cluster must not reach the children. */
  readonly ownTemporal: boolean;
  readonly additions: Readonly<Record<string, string>>;
  readonly signingKey: string;
  /** How gateways reach the API. */
  readonly publicUrl: string;
  /** The addresses and keys of the gateways that the sandbox stands in for. */
  readonly sandbox: Readonly<Record<string, string>>;
}

export function childEnvironment(options: EnvironmentOptions): NodeJS.ProcessEnv {
  const { settings, home, temporalUiUrl } = options;
  const inherited = Object.entries(process.env).filter(([name]) => !options.ownTemporal || !name.startsWith('TEMPORAL_'));
  return {
    ...Object.fromEntries(inherited),
    ...options.sandbox,
    HOLDFAST_PUBLIC_URL: options.publicUrl,
    ...(settings.signingKeys === undefined && { HOLDFAST_SIGNING_KEYS: options.signingKey }),
    ...options.additions,
    HOLDFAST_HOME: home.root,
    // Compiled code is kept, so that a process that was killed is soon back.
    NODE_COMPILE_CACHE: join(home.root, 'cache', 'node'),
    HOLDFAST_HOST: settings.host,
    HOLDFAST_PORT: String(options.apiPort),
    HOLDFAST_API_KEYS: options.apiKeys.map(({ tenantId, key }) => `${tenantId}:${key}`).join(','),
    HOLDFAST_DATABASE_URL: options.databaseUrl,
    HOLDFAST_DATABASE_READ_URL: settings.databaseReadUrl ?? options.databaseUrl,
    TEMPORAL_ADDRESS: options.temporalAddress,
    TEMPORAL_NAMESPACE: settings.temporalNamespace,
    ...(options.ownTemporal && { TEMPORAL_CONFIG_FILE: emptyTemporalConfig(home) }),
    ...(temporalUiUrl !== null && { HOLDFAST_TEMPORAL_UI_URL: temporalUiUrl }),
  };
}

/** The SDK would read the user's own profiles (TLS, API key), which belong to another cluster. */
function emptyTemporalConfig(home: Home): string {
  const file = join(home.temporal, 'client.toml');
  writeFileAtomic(file, '# Empty on purpose: the stack gives every setting by environment. A file without a profile is refused.\n[profile.default]\n');
  return file;
}

/** Passwords and keys that the user gave, so that logs can leave them out. */
export function passwordsIn(settings: Settings): string[] {
  const { stripe, gopay, paytm } = settings;
  const keys = [...(settings.signingKeys ?? []), stripe?.secretKey ?? '', ...(stripe?.webhookSecrets ?? []), gopay?.clientSecret ?? '', ...(paytm?.merchantKeys ?? [])];
  return [...keys.filter((key) => key !== ''), ...[settings.databaseUrl, settings.databaseReadUrl].flatMap((url) => (url !== undefined && URL.canParse(url) ? [new URL(url).password] : []))];
}
