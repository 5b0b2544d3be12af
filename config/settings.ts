/** The only place that reads the environment. Every problem is named at once, before anything starts. */
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
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

/** Two while one is replaced: the first signs, each is accepted. */
const secretsThat = (fits: (secret: string) => boolean, what: string) => z.string().transform((value, context) => {
  const list = value.split(',').map((part) => part.trim()).filter(Boolean);
  if (list.length === 0 || !list.every(fits)) context.addIssue({ code: 'custom', message: `must be one or more ${what} characters, with commas between them` });
  return list;
});
const secrets = (shortest: number) => secretsThat(({ length }) => length >= shortest, `secrets of at least ${shortest}`);

/** Paytm signs with AES-128: any other length is no key, and would fail with the first payment. */
const paytmKeys = secretsThat((key) => Buffer.byteLength(key) === 16, 'keys of exactly 16');

const webUrl = z.url({ protocol: /^https?$/ }).transform((url) => url.replace(/\/+$/, ''));

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
  HOLDFAST_PUBLIC_URL: webUrl.optional(),
  HOLDFAST_SHOP_RETURN_URL: z.url({ protocol: /^https?$/ }).optional(),
  HOLDFAST_STORAGE_URL: z.string().regex(/^(file|s3):/, 'must start with file: or s3:').optional(),
  // Of larger files S3 would take no more parts: see services/storage/s3.ts.
  HOLDFAST_MAX_UPLOAD_MB: z.coerce.number().int().min(1).max(75_000).default(5120),
  HOLDFAST_SIGNING_KEYS: secrets(32).optional(),
  STRIPE_SECRET_KEY: z.string().min(8).optional(),
  STRIPE_API_BASE: webUrl.optional(),
  STRIPE_WEBHOOK_SECRETS: secrets(8).optional(),
  GOPAY_API_BASE: webUrl.default('https://gate.gopay.cz/api'),
  GOPAY_GOID: z.string().regex(/^\d+$/, 'must be a number').optional(),
  GOPAY_CLIENT_ID: z.string().min(1).optional(),
  GOPAY_CLIENT_SECRET: z.string().min(1).optional(),
  PAYTM_API_BASE: webUrl.default('https://secure.paytmpayments.com'),
  PAYTM_MID: z.string().min(1).optional(),
  PAYTM_MERCHANT_KEYS: paytmKeys.optional(),
  PAYTM_WEBSITE: z.string().min(1).default('DEFAULT'),
  TEMPORAL_ADDRESS: z.string().min(1).optional(),
  TEMPORAL_NAMESPACE: z.string().min(1).default('holdfast'),
}).superRefine((values, context) => {
  // Half a gateway would fail with the first customer's money.
  for (const together of gatewaySettings) {
    const missing = together.filter((name) => values[name] === undefined);
    if (missing.length > 0 && missing.length < together.length) for (const name of missing) context.addIssue({ code: 'custom', path: [name], message: `is needed when ${together.filter((other) => values[other] !== undefined).join(' and ')} is set` });
  }
});

const gatewaySettings = [
  ['STRIPE_SECRET_KEY', 'STRIPE_WEBHOOK_SECRETS'],
  ['GOPAY_GOID', 'GOPAY_CLIENT_ID', 'GOPAY_CLIENT_SECRET'],
  ['PAYTM_MID', 'PAYTM_MERCHANT_KEYS'],
] as const;

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
  /** How gateways and payers reach the API from outside; its own address if absent. */
  publicUrl: string | undefined;
  /** Where payers go on to after a gateway's page, `{tenant}` replaced. */
  shopReturnUrl: string | undefined;
  /** Where files are kept; a folder in the home if absent. */
  storageUrl: string;
  /** The largest file that is taken. */
  maxUploadBytes: number;
  /** What links are signed with: the first signs, each is accepted. */
  signingKeys: readonly string[] | undefined;
  stripe: { secretKey: string; apiBase: string | undefined; webhookSecrets: readonly string[] } | undefined;
  gopay: { apiBase: string; goid: string; clientId: string; clientSecret: string } | undefined;
  paytm: { apiBase: string; mid: string; merchantKeys: readonly string[]; website: string } | undefined;
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
    publicUrl: values.HOLDFAST_PUBLIC_URL,
    shopReturnUrl: values.HOLDFAST_SHOP_RETURN_URL,
    storageUrl: values.HOLDFAST_STORAGE_URL ?? pathToFileURL(join(resolve(values.HOLDFAST_HOME), 'storage')).href,
    maxUploadBytes: values.HOLDFAST_MAX_UPLOAD_MB * 1024 * 1024,
    signingKeys: values.HOLDFAST_SIGNING_KEYS,
    ...gatewaysOf(values),
  };
}

function gatewaysOf(values: z.infer<typeof schema>): Pick<Settings, 'stripe' | 'gopay' | 'paytm'> {
  const { STRIPE_SECRET_KEY: secretKey, STRIPE_WEBHOOK_SECRETS: webhookSecrets, STRIPE_API_BASE: apiBase } = values;
  const { GOPAY_GOID: goid, GOPAY_CLIENT_ID: clientId, GOPAY_CLIENT_SECRET: clientSecret } = values;
  const { PAYTM_MID: mid, PAYTM_MERCHANT_KEYS: merchantKeys } = values;
  return {
    stripe: secretKey === undefined || webhookSecrets === undefined ? undefined : { secretKey, apiBase, webhookSecrets },
    gopay: goid === undefined || clientId === undefined || clientSecret === undefined ? undefined : { apiBase: values.GOPAY_API_BASE, goid, clientId, clientSecret },
    paytm: mid === undefined || merchantKeys === undefined ? undefined : { apiBase: values.PAYTM_API_BASE, mid, merchantKeys, website: values.PAYTM_WEBSITE },
  };
}

const defaultPort = 4780;

export const apiPortOf = ({ port: chosen }: Settings): number => chosen ?? defaultPort;

/** Where gateways and payers find the API. A gateway far away needs HOLDFAST_PUBLIC_URL; the sandbox does not. */
export const publicUrlOf = (settings: Settings): string => settings.publicUrl ?? `http://${settings.host === '0.0.0.0' ? '127.0.0.1' : settings.host}:${apiPortOf(settings)}`;

/** @throws {SettingsError} when a part that needs the setting is started without it. */
export function required<Value>(value: Value | undefined, name: string): Value {
  if (value === undefined) throw new SettingsError(`${name} is not set. It is needed here; \`npm start\` sets it by itself.`);
  return value;
}
