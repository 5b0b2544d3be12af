import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readSettings, required, SettingsError, type Settings } from '../../config/settings.ts';

const names = [
  'HOLDFAST_HOME', 'HOLDFAST_HOST', 'HOLDFAST_PORT', 'HOLDFAST_API_KEYS', 'HOLDFAST_RATE_LIMIT', 'HOLDFAST_DATABASE_URL', 'HOLDFAST_DATABASE_READ_URL',
  'HOLDFAST_BUILD_ID', 'HOLDFAST_LOG_LEVEL', 'HOLDFAST_TEMPORAL_UI_URL', 'HOLDFAST_PUBLIC_URL', 'HOLDFAST_SHOP_RETURN_URL', 'HOLDFAST_STORAGE_URL', 'HOLDFAST_MAX_UPLOAD_MB', 'HOLDFAST_SIGNING_KEYS',
  'GOPAY_API_BASE', 'GOPAY_GOID', 'PAYTM_API_BASE', 'STRIPE_API_BASE', 'TEMPORAL_ADDRESS', 'TEMPORAL_NAMESPACE',
] as const;

function read(environment: Record<string, string>): Settings | SettingsError {
  try {
    return readSettings(environment);
  } catch (error) {
    if (error instanceof SettingsError) return error;
    throw error;
  }
}

const messageOf = (outcome: Settings | SettingsError): string => (outcome instanceof SettingsError ? outcome.message : '');

/** Recognisable in any message, and never part of one by itself. */
const secret = fc.stringMatching(/^[a-z0-9]{12,20}$/).map((text) => `§${text}§`);

describe('settings', () => {
  test('are read, or refused with one error, whatever is in the environment', () => {
    const value = fc.oneof(fc.string({ unit: 'binary' }), fc.string(), fc.constantFrom('0', '-1', '1e9', 'NaN', '65536', 'a:b', 'shop-a:12345678', ',,,', 'postgres://', 'http://['));
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...names), value), (environment) => {
        const outcome = read(environment);
        if (outcome instanceof SettingsError) expect(outcome.message).toMatch(/^These settings are wrong:\n( {2}\w+.*\n)+Correct them/);
      }),
      { numRuns: 500 },
    );
  });

  test('that are wrong are named, and what they were is never shown', () => {
    const strict = names.filter((name) => !['HOLDFAST_HOME', 'HOLDFAST_HOST', 'TEMPORAL_ADDRESS', 'TEMPORAL_NAMESPACE'].includes(name));
    fc.assert(
      fc.property(fc.uniqueArray(fc.constantFrom(...strict), { minLength: 1 }), secret, (wrong, value) => {
        const message = messageOf(read(Object.fromEntries(wrong.map((name) => [name, value]))));
        for (const name of wrong) expect(message).toContain(name);
        expect(message).not.toContain(value.slice(1, -1));
      }),
    );
  });

  test('that are wrong are all named at once, with the right ones left out', () => {
    const message = messageOf(read({ HOLDFAST_PORT: '70000', HOLDFAST_RATE_LIMIT: '-1', HOLDFAST_LOG_LEVEL: 'loud', HOLDFAST_HOST: '0.0.0.0' }));
    expect(message.split('\n').slice(1, -1).map((line) => line.trim().split(':')[0])).toEqual(['HOLDFAST_PORT', 'HOLDFAST_RATE_LIMIT', 'HOLDFAST_LOG_LEVEL']);
  });

  test('name the place of a wrong API key, not the key', () => {
    const message = messageOf(read({ HOLDFAST_API_KEYS: 'shop-a:long-enough-key,Shop B:another-secret,shop-c:short' }));
    expect(message).toContain('entry 2');
    expect(message).toContain('entry 3');
    expect(message).not.toMatch(/long-enough-key|another-secret|short/);
  });

  test.each([
    [{ STRIPE_SECRET_KEY: 'sk_test_secret' }, 'STRIPE_WEBHOOK_SECRETS'],
    [{ GOPAY_GOID: '8123456789', GOPAY_CLIENT_SECRET: 'gopay-secret' }, 'GOPAY_CLIENT_ID'],
    [{ PAYTM_MERCHANT_KEYS: '0123456789abcdef' }, 'PAYTM_MID'],
  ])('name what is missing of half a gateway: %j', (environment, missing) => {
    const message = messageOf(read(environment));
    expect(message).toContain(missing);
    for (const value of Object.values(environment)) expect(message).not.toContain(value);
  });

  test('have a gateway only with its whole account, and two secrets while one is replaced', () => {
    const { stripe, gopay, paytm } = readSettings({ STRIPE_SECRET_KEY: 'sk_test_secret', STRIPE_WEBHOOK_SECRETS: 'whsec_new_one, whsec_old_one' });
    expect(stripe).toEqual({ secretKey: 'sk_test_secret', apiBase: undefined, webhookSecrets: ['whsec_new_one', 'whsec_old_one'] });
    expect([gopay, paytm]).toEqual([undefined, undefined]);
  });

  test.each(['0123456789abcde', '0123456789abcdef0', '0123456789abcdef,0123456789abcdef0', 'é123456789abcdef', ','])('of Paytm take keys of exactly 16 characters: not %s', (keys) => {
    const message = messageOf(read({ PAYTM_MID: 'SHOP', PAYTM_MERCHANT_KEYS: keys }));
    expect(message).toContain('PAYTM_MERCHANT_KEYS: must be one or more keys of exactly 16 characters');
    expect(message).not.toContain('0123456789');
  });

  test('have both keys of Paytm while one is replaced', () => {
    expect(readSettings({ PAYTM_MID: 'SHOP', PAYTM_MERCHANT_KEYS: '0123456789abcdef, fedcba9876543210' }).paytm?.merchantKeys).toEqual(['0123456789abcdef', 'fedcba9876543210']);
  });

  test('that are empty are as good as not set', () => {
    expect(readSettings(Object.fromEntries(names.map((name) => [name, ''])))).toEqual(readSettings({}));
  });

  test('have the defaults of the documentation', () => {
    expect(readSettings({})).toMatchObject({ home: '.holdfast', host: '127.0.0.1', port: undefined, apiKeys: [], rateLimitPerMinute: 60, logLevel: 'info', temporalNamespace: 'holdfast' });
  });

  test('keep every key of a tenant, with colons in it, while one is replaced', () => {
    expect(readSettings({ HOLDFAST_API_KEYS: ' shop-a:old:key-1 , shop-a:new:key-2 ,' }).apiKeys).toEqual([{ tenantId: 'shop-a', key: 'old:key-1' }, { tenantId: 'shop-a', key: 'new:key-2' }]);
  });
});

test('a part that is started without a setting that it needs says which', () => {
  expect(() => required(undefined, 'HOLDFAST_DATABASE_URL')).toThrow(/HOLDFAST_DATABASE_URL is not set/);
  expect(required('x', 'HOLDFAST_DATABASE_URL')).toBe('x');
});
