/**
 * Amounts as Stripe counts them. Ours are ISO 4217's minor units; Stripe's differ for the currencies below
 * (https://docs.stripe.com/currencies, "Zero-decimal", "Three-decimal" and "Special cases").
 */
import { GatewayError } from '../gateway.ts';

/**
 * Without decimals in ISO 4217, but counted in hundredths by Stripe, and only whole units are taken: 5 ISK are sent
 * as 500. HUF and TWD are special for payouts only; charges have ISO's two decimals.
 */
const countedInHundredths: ReadonlySet<string> = new Set(['ISK', 'UGX']);

/** Two decimals in ISO 4217 (its fifths aside), none at Stripe: 5.00 MGA are sent as 5. */
const countedInUnits: ReadonlySet<string> = new Set(['MGA']);

/** Three decimals at both, but Stripe takes only amounts whose last digit is 0. */
const countedInTens: ReadonlySet<string> = new Set(['BHD', 'JOD', 'KWD', 'OMR', 'TND']);

/** The code for an amount that Stripe does not have. */
export const notChargeable = 'amount_not_chargeable';

/** @throws {GatewayError} final, when Stripe has no such amount. */
export function toStripeAmount(amountMinor: number, currency: string): number {
  if (countedInHundredths.has(currency)) return amountMinor * 100;
  if (countedInUnits.has(currency)) return multipleOf(100, amountMinor, currency) / 100;
  if (countedInTens.has(currency)) return multipleOf(10, amountMinor, currency);
  return amountMinor;
}

/** The other way; a fraction that ISO 4217 does not know stays one, so that it never compares equal. */
export function fromStripeAmount(amount: number, currency: string): number {
  if (countedInHundredths.has(currency)) return amount / 100;
  return countedInUnits.has(currency) ? amount * 100 : amount;
}

function multipleOf(step: number, amountMinor: number, currency: string): number {
  if (amountMinor % step === 0) return amountMinor;
  throw new GatewayError('stripe', 'final', notChargeable, `Stripe takes ${currency} only in multiples of ${step} minor units.`);
}
