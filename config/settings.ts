/** The only place that reads the environment. Every problem is named at once, before anything starts. */
import { z } from 'zod';
import { tenantId } from '../contracts/values.ts';

const port = z.coerce.number().int().min(1).max(65_535);
const postgresUrl = z.string().regex(/^postgres(ql)?:\/\//, 'must start with postgres://');

/** `shop-a:key-1,shop-b:key-2`: which tenant each API key belongs to. A tenant may have several keys while one is replaced. */
const apiKeys = z.string().transform((value, context) => {
  const keys: { tenantId: string; key: string }[] = [];
  for (const [index, entry] of value.split(',').map((part) => part.trim()).filter(Boolean).entries()) {
    const separator = entry.indexOf(':');
    const tenant = entry.slice(0, Math.max(separator, 0));
    const key = entry.slice(separator + 1);
    // The entry itself is a secret, so the message names its place only.
    if (!tenantId.safeParse(tenant).success || key.length < 8) {
      context.addIssue({ code: 'custom', message: `entry ${index + 1} must read tenant:key, the key at least 8 characters` });
    } else if (keys.some((known) => known.key === key)) {
      context.addIssue({ code: 'custom', message: `entry ${index + 1} repeats a key: a key belongs to one tenant` });
    } else {
      keys.push({ tenantId: tenant, key });
    }
  }
  return keys;
});

const schema = z.object({
  HOLDFAST_HOME: z.string().min(1).default('.holdfast'),
  HOLDFAST_HOST: z.string().min(1).default('127.0.0.1'),
  HOLDFAST_PORT: port.optional(),
  HOLDFAST_API_KEYS: apiKeys.default([]),
  HOLDFAST_RATE_LIMIT: z.coerce.number().int().min(0).default(60),
  HOLDFAST_DATABASE_URL: postgresUrl.optional(),
  HOLDFAST_DATABASE_READ_URL: postgresUrl.optional(),
  HOLDFAST_BUILD_ID: z.string().regex(/^[\w.-]{1,100}$/).optional(),
  HOLDFAST_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
  HOLDFAST_TEMPORAL_UI_URL: z.url().optional(),
  TEMPORAL_ADDRESS: z.string().min(1).optional(),
  TEMPORAL_NAMESPACE: z.string().min(1).default('holdfast'),
});

export type Settings = Readonly<{
  home: string;
  host: string;
  port: number | undefined;
  apiKeys: readonly { tenantId: string; key: string }[];
  /** Requests per caller and minute; 0 = off. */
  rateLimitPerMinute: number;
  databaseUrl: string | undefined;
  databaseReadUrl: string | undefined;
  /** Set in a deployment: workers then register as this version and flows stay pinned to it. */
  buildId: string | undefined;
  logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';
  temporalUiUrl: string | undefined;
  temporalAddress: string | undefined;
  temporalNamespace: string;
}>;

export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

/** @throws {SettingsError} naming every setting that is wrong, never its value. */
export function readSettings(environment: NodeJS.ProcessEnv = process.env): Settings {
  // An empty variable means "not set": that is how compose files and unit files pass an absent value.
  const present = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = schema.safeParse(present);
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`);
    throw new SettingsError(`These settings are wrong:\n${lines.join('\n')}\nCorrect them in the environment and start again.`);
  }
  const values = parsed.data;
  return {
    home: values.HOLDFAST_HOME,
    host: values.HOLDFAST_HOST,
    port: values.HOLDFAST_PORT,
    apiKeys: values.HOLDFAST_API_KEYS,
    rateLimitPerMinute: values.HOLDFAST_RATE_LIMIT,
    databaseUrl: values.HOLDFAST_DATABASE_URL,
    databaseReadUrl: values.HOLDFAST_DATABASE_READ_URL,
    buildId: values.HOLDFAST_BUILD_ID,
    logLevel: values.HOLDFAST_LOG_LEVEL,
    temporalUiUrl: values.HOLDFAST_TEMPORAL_UI_URL,
    temporalAddress: values.TEMPORAL_ADDRESS,
    temporalNamespace: values.TEMPORAL_NAMESPACE,
  };
}

/** @throws {SettingsError} when a part that needs the setting is started without it. */
export function required<Value>(value: Value | undefined, name: string): Value {
  if (value === undefined) throw new SettingsError(`${name} is not set. It is needed here; \`npm start\` sets it by itself.`);
  return value;
}
