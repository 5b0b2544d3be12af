/**
 * The adapter against a server that nobody here wrote. It answers fixtures whatever it is asked, but refuses a request
 * that Stripe's OpenAPI document does not allow, and its fixtures are Stripe's own.
 */
import '../support/realm.ts';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Charge, Gateway } from '../../services/payments/gateway.ts';
import { createStripeGateway } from '../../services/payments/stripe/gateway.ts';
import { ensureStripeMock, startStripeMock, type RunningMock } from './stripe-mock.ts';

const program = await ensureStripeMock();

const charge: Charge & { readonly gatewayRef: string } = {
  tenantId: 'shop-a', paymentId: 'pay_1', amountMinor: 2_000, currency: 'USD', method: 'pm_card_visa', capture: 'automatic', customerId: 'c1',
  description: 'A room', createdAt: new Date(), gatewayRef: 'pi_123',
};
const fresh: Charge = { ...charge, gatewayRef: undefined };

if ('missing' in program) {
  test('stripe-mock cannot be had on this machine, so nothing was compared with it', () => {
    console.warn(`Not compared with stripe-mock: ${program.missing}.`);
    expect(program.missing).not.toBe('');
  });
} else {
  describe('against stripe-mock', () => {
    let mock: RunningMock;
    let gateway: Gateway;
    beforeAll(async () => {
      mock = await startStripeMock(program.file);
      gateway = createStripeGateway({ secretKey: 'sk_test_123', apiBase: mock.url, webhookSecrets: [], returnUrl: () => 'https://shop.example/back' });
    });
    afterAll(async () => await mock.stop());

    test('the server refuses what Stripe does not know, so what passes below is known', async () => {
      const answer = await fetch(`${mock.url}/v1/payment_intents`, { method: 'POST', headers: { authorization: 'Bearer sk_test_123', 'content-type': 'application/x-www-form-urlencoded' }, body: 'amount=2000&currency=usd&no_such_parameter=1' });
      expect(answer.status).toBe(400);
    });

    test.each(['automatic', 'manual'] as const)('a payment with capture %s is created and confirmed', async (capture) => {
      const state = await gateway.authorise({ ...fresh, capture });
      expect(state).toMatchObject({ gatewayRef: expect.stringMatching(/^pi_/), answer: { amount: expect.any(Number), currency: 'usd' } });
      expect(JSON.stringify(state)).not.toContain('_secret_');
    });

    test('a payment is read, taken and cancelled', async () => {
      for (const call of ['lookUp', 'capture', 'cancel'] as const) {
        expect(await gateway[call](charge)).toMatchObject({ gatewayRef: 'pi_123', answer: { id: 'pi_123', status: expect.any(String) } });
      }
    });

    test('a refund is made and read', async () => {
      const order = { refundId: 'ref_1', amountMinor: 500, charge, createdAt: new Date() };
      expect(await gateway.refund(order)).toMatchObject({ state: 'succeeded', gatewayRef: expect.stringMatching(/^(re|pyr)_/) });
      expect(await gateway.lookUpRefund({ ...order, gatewayRef: 're_123' })).toMatchObject({ state: 'succeeded', gatewayRef: 're_123' });
    });

    test('payments of a period are listed, those of others without an id of ours', async () => {
      const listed = [];
      for await (const item of gateway.list?.(new Date(0), new Date()) ?? []) listed.push(item);
      expect(listed.length).toBeGreaterThan(0);
      expect(listed).toEqual(listed.map(() => expect.objectContaining({ paymentId: undefined })));
    });

    test('what is in neither search nor list is absent', async () => {
      expect(await gateway.lookUp(fresh)).toEqual({ state: 'absent' });
      expect(await gateway.lookUpRefund({ refundId: 'ref_1', amountMinor: 500, charge, createdAt: new Date() })).toEqual({ state: 'absent' });
    });
  });
}
