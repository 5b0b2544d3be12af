/** Amounts as Paytm writes them: rupees with two decimals. Paytm takes nothing but INR. */
import { GatewayError } from '../gateway.ts';

/** @throws {GatewayError} final, for another currency. */
export function toPaytmAmount(amountMinor: number, currency: string): string {
  if (currency !== 'INR') throw new GatewayError('paytm', 'final', 'currency_not_supported', `Paytm takes INR only, not ${currency}.`);
  return `${Math.floor(amountMinor / 100)}.${String(amountMinor % 100).padStart(2, '0')}`;
}

/** @returns paise; nothing if it is no amount. Answers also come with one decimal or none. */
export function fromPaytmAmount(text: string): number | undefined {
  const match = /^(\d{1,13})(?:\.(\d{1,2}))?$/.exec(text);
  return match === null ? undefined : Number(match[1]) * 100 + Number((match[2] ?? '').padEnd(2, '0'));
}
