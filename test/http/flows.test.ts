/** The list of flows: what each is about, for whom, and how it stands, in words that a person can tell it by. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { FlowView } from '../../client/index.ts';
import type { Databases } from '../../services/database/connection.ts';
import { createResource, openTestDatabase, someCar } from '../support/database.ts';
import { eventually, shop, type Shop } from '../support/http.ts';

let databases: Databases;
let shopA: Shop;
beforeAll(async () => {
  databases = await openTestDatabase();
  shopA = await shop('shop-a');
});
afterAll(async () => await databases.close());

const customerId = `flows-${process.pid}-${Date.now().toString(36)}`;

/** The list is behind by moments, and a run ends a moment after it says how. */
const listed = async (type: string, businessStatus: string, status: FlowView['status']): Promise<FlowView> =>
  await eventually(`the ${type} in the list as ${businessStatus} and ${status}`, async () => {
    const { body } = await shopA.call('GET', `/v1/flows?limit=100&type=${type}`);
    return (body['items'] as FlowView[]).find((flow) => flow.customer === customerId && flow.businessStatus === businessStatus && flow.status === status);
  });

test('a sale is told by what is sold and to whom, and leads to that very run', async () => {
  const resourceId = await createResource(databases, 'shop-a', someCar);
  const booking = await shopA.call('POST', '/v1/bookings', { resourceId, customerId });
  const bookingId = String(booking.body['id']);
  expect(await listed('booking', 'held', 'running')).toMatchObject({ id: `booking:${bookingId}`, resource: resourceId });

  const { body } = await shopA.call('POST', '/v1/purchases', { customerId, bookingId, gateway: 'stripe', method: 'pm_card_visa' });
  const purchaseId = String(body['id']);
  const purchase = await listed('purchase', 'completed', 'completed');
  expect(purchase).toMatchObject({ id: `purchase:${purchaseId}`, resource: bookingId });
  expect(purchase.webUrl).toMatch(new RegExp(`/workflows/purchase%3A${purchaseId}/[0-9a-f-]{36}$`));
  // Its money was taken, and the purchase goes on with it: it is not waiting to be paid.
  expect(await listed('payment', 'captured', 'completed')).toMatchObject({ resource: purchaseId });
});

test('what only its own id would say is left out', async () => {
  const { body } = await shopA.call('GET', '/v1/flows?limit=100');
  expect((body['items'] as FlowView[]).filter(({ id, resource }) => resource !== undefined && id.endsWith(`:${resource}`))).toEqual([]);
});
