/** What the sandbox is told at its start: a JSON file, checked by a schema. */
import { z } from 'zod';
import { paytmOutcome } from './paytm/outcomes.ts';
import { gopayOutcome } from './gopay/outcomes.ts';

const webUrl = z.url({ protocol: /^https?$/ });
const secret = z.string().min(1).max(255);

/** What a payer who needs no page decides. */
export const autoPay = z.strictObject({
  /** Strong customer authentication of a Stripe payment. */
  stripe: z.enum(['approve', 'refuse']).optional(),
  gopay: gopayOutcome.optional(),
  paytm: paytmOutcome.optional(),
  delayMs: z.int().min(0).max(600_000).default(0),
});
export type AutoPay = z.infer<typeof autoPay>;

/**
 * An endpoint with a tenant receives only the events of payments whose `metadata.tenantId` is that tenant; one with types,
 * only events of those, as an endpoint's `enabled_events` has it.
 */
const stripeEndpoint = z.union([webUrl, z.strictObject({ url: webUrl, tenantId: z.string().optional(), events: z.array(z.string().min(1)).min(1).optional() })]).transform((endpoint) => (typeof endpoint === 'string' ? { url: endpoint } : endpoint));

const dayMs = 86_400_000;

export const sandboxConfig = z.strictObject({
  /** 0: any free port. */
  port: z.int().min(0).max(65_535).default(0),
  /** Kept in memory only, if absent. */
  stateFile: z.string().min(1).optional(),
  /** How payers reach this sandbox; where it listens, if absent. */
  publicUrl: webUrl.transform((url) => url.replace(/\/+$/, '')).optional(),
  /** Seed of every chance decision of the faults. */
  seed: z.union([z.string().min(1).max(100), z.number()]).transform(String).default('1'),
  autoPay: autoPay.optional(),
  /** Waits between the tries of a webhook or notification that was not accepted. */
  webhookRetryDelaysMs: z.array(z.int().min(0)).max(30).default([1_000, 4_000, 15_000, 30_000, 60_000]),
  stripe: z.strictObject({
    secretKeys: z.array(secret).min(1),
    /** Each signs every event, as while a secret is rotated. */
    webhookSecrets: z.array(secret).default([]),
    endpoints: z.array(stripeEndpoint).default([]),
    keyLifeMs: z.int().min(0).default(dayMs),
    /** Search lags behind what was written, as the real one does (usually under a minute). */
    searchLagMs: z.int().min(0).default(0),
  }).optional(),
  gopay: z.strictObject({
    goid: z.union([z.string().regex(/^\d+$/), z.int()]).transform(String),
    clientId: secret,
    clientSecret: secret,
    tokenLifeMs: z.int().min(1).default(1_800_000),
    /** After this an unpaid payment is TIMEOUTED. */
    paymentLifeMs: z.int().min(1).default(3_600_000),
    /** 0: a refund is done when it is answered. */
    refundDelayMs: z.int().min(0).default(0),
  }).optional(),
  paytm: z.strictObject({
    mid: z.string().min(1).max(50),
    /** AES-128 takes exactly 16 characters. */
    merchantKey: z.string().length(16),
    website: z.string().min(1).default('WEBSTAGING'),
    webhookUrl: z.union([webUrl, z.array(webUrl)]).transform((urls) => [urls].flat()).default([]),
    tokenLifeMs: z.int().min(1).default(900_000),
    refundDelayMs: z.int().min(0).default(200),
  }).optional(),
});
export type SandboxConfig = z.infer<typeof sandboxConfig>;
export type StripeConfig = NonNullable<SandboxConfig['stripe']>;
export type GopayConfig = NonNullable<SandboxConfig['gopay']>;
export type PaytmConfig = NonNullable<SandboxConfig['paytm']>;
