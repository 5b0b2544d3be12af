import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isRefusal } from '../../contracts/failures.ts';
import type { ShipTo } from '../../contracts/orders/schemas.ts';
import type { Quote } from '../../services/shipping/carrier.ts';
import { createRateTableCarrier, luhnDigit, standardRates, trackingFor } from '../../services/shipping/rate-table.ts';

const carrier = createRateTableCarrier();
const to = (country: string): ShipTo => ({ name: 'Ada', line1: '1', city: 'X', postcode: '1', country });
const priceOf = async (weightGrams: number, country: string, currency = 'EUR'): Promise<number> => {
  const quote = await carrier.quote({ weightGrams, to: to(country), currency });
  if (isRefusal(quote)) throw new Error(quote.detail);
  return quote.priceMinor;
};
const heaviest = standardRates.bands.at(-1)?.upToGrams ?? 0;

describe('the rate table', () => {
  test('charges by weight band and zone, up to and including the limit of the band', async () => {
    expect([await priceOf(500, 'DE'), await priceOf(501, 'DE'), await priceOf(500, 'IN'), await priceOf(500, 'AU')]).toEqual([390, 590, 190, 890]);
    expect(await priceOf(500, 'CZ', 'CZK')).toBe(9_750);
  });

  test('never charges less for more weight', async () => {
    const weight = fc.integer({ min: 1, max: heaviest });
    await fc.assert(fc.asyncProperty(weight, weight, fc.constantFrom('DE', 'IN', 'US'), async (one, other, country) => {
      expect(await priceOf(Math.max(one, other), country)).toBeGreaterThanOrEqual(await priceOf(Math.min(one, other), country));
    }));
  });

  test('takes nothing that is too heavy, and has no price in a currency that it does not know', async () => {
    expect(await carrier.quote({ weightGrams: heaviest + 1, to: to('DE'), currency: 'EUR' })).toMatchObject({ refused: 'shipping_unavailable' });
    expect(await carrier.label('a', { weightGrams: 1, to: to('DE'), currency: 'JPY' })).toMatchObject({ refused: 'shipping_unavailable' });
  });

  test('makes the same label for the same key, at the quoted price', async () => {
    const parcel = { weightGrams: 700, to: to('DE'), currency: 'EUR' };
    const label = (await carrier.label('shop/ord_1', parcel)) as Quote;
    expect(await carrier.label('shop/ord_1', parcel)).toEqual(label);
    expect(label).toMatchObject({ ...(await carrier.quote(parcel)), tracking: trackingFor('shop/ord_1') });
    expect(trackingFor('shop/ord_2')).not.toBe(trackingFor('shop/ord_1'));
  });
});

describe('a tracking number', () => {
  test('has the check digit of ISO/IEC 7812', () => {
    expect(luhnDigit('7992739871')).toBe(3);
  });

  test('with one digit mistyped is found out', () => {
    fc.assert(fc.property(fc.string(), fc.integer({ min: 0, max: 18 }), fc.integer({ min: 1, max: 9 }), (key, position, change) => {
      const [, digits = '', check] = /^HF(\d{19})(\d)$/.exec(trackingFor(key)) ?? [];
      expect(String(luhnDigit(digits))).toBe(check);
      const wrong = digits.slice(0, position) + String((Number(digits[position]) + change) % 10) + digits.slice(position + 1);
      expect(String(luhnDigit(wrong))).not.toBe(check);
    }));
  });
});
