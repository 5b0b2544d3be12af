/** A payer's own browser on the way to a gateway's page. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import type { Databases } from '../../services/database/connection.ts';
import { findBrowser, startBrowser } from '../support/browser.ts';
import { createResource, openTestDatabase, someRoom } from '../support/database.ts';
import { shop } from '../support/http.ts';

const executable = await findBrowser();
const inBrowser = executable === undefined ? describe.skip : describe;

inBrowser(executable === undefined ? 'a payer (not looked at: there is no chromium or google-chrome on the PATH)' : 'a payer', () => {
  let browser: Browser;
  let databases: Databases;
  beforeAll(async () => {
    browser = await startBrowser(executable ?? '');
    databases = await openTestDatabase();
  });
  afterAll(async () => {
    await browser?.close();
    await databases?.close();
  });

  async function address(): Promise<string> {
    const seller = await shop('shop-a');
    const resourceId = await createResource(databases, 'shop-a', { ...someRoom, currency: 'INR' });
    const booking = await seller.call('POST', '/v1/bookings', { resourceId, customerId: 'ada', from: '2034-05-01', to: '2034-05-02' });
    const { body } = await seller.call('POST', `/v1/bookings/${String(booking.body['id'])}/payment`, { gateway: 'paytm' });
    return String(body['redirectUrl']);
  }

  test.each([[true], [false]])("comes from the shop's address to Paytm's page (scripts: %s)", async (javaScriptEnabled) => {
    const context = await browser.newContext({ javaScriptEnabled });
    const page = await context.newPage();
    await page.goto(await address());
    if (!javaScriptEnabled) await page.getByRole('button', { name: 'Go on to Paytm' }).click();
    await page.getByText('Pay for your order').first().waitFor();
    expect(new URL(page.url()).searchParams.get('txnToken')).toBeNull();
    await context.close();
  });
});
