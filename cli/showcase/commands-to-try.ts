/** After a start: commands that do something when they are pasted, with ids that exist. */
import { join } from 'node:path';
import { bookingView } from '../../contracts/bookings/schemas.ts';
import { productView } from '../../contracts/products.ts';
import { resourceView } from '../../contracts/resources.ts';
import type { StackInfo } from '../../stack/info.ts';
import { ApiClient } from '../api-client.ts';
import { invocation, quoted } from '../invocation.ts';
import { clock, safe, styled } from '../text.ts';

const dayMs = 24 * 60 * 60 * 1000;
const someAddress = 'Ada Lovelace; 12 St James Square; London; SW1Y 4JH; GB';

interface Suggestion {
  readonly why: string;
  readonly command: string;
}

/** Three calls of the HTTP API for each shop. Without anything free there are simply fewer commands. */
export async function commandsToTry(stack: StackInfo): Promise<string> {
  const tenants = Object.entries(stack.apiKeys).toSorted(([, one], [, other]) => Number(other === stack.apiKey) - Number(one === stack.apiKey));
  const suggestions = (await Promise.all(tenants.map(async ([tenantId, key]) => await forTenant(stack, tenantId, key)))).flat();
  const lines = suggestions.map(({ why, command }) => `  ${styled('dim', safe(why))}\n    ${safe(command)}\n`);
  return `Commands to try, in another terminal in this folder:\n${lines.join('')}\n`;
}

async function forTenant(stack: StackInfo, tenantId: string, key: string): Promise<Suggestion[]> {
  const api = new ApiClient(stack.apiUrl, key, tenantId);
  const dateIn = (days: number): string => new Date(Date.now() + days * dayMs).toISOString().slice(0, 10);
  const [from, to] = [dateIn(30), dateIn(32)];
  const [{ items: resources }, { items: held }, { items: products }] = await Promise.all([
    api.page('/v1/resources', resourceView, { available: 'true', from, to, limit: 200 }),
    api.page('/v1/bookings', bookingView, { status: 'held', limit: 1 }),
    api.page('/v1/products', productView, { kind: 'physical', limit: 200 }),
  ]);
  const tenant = `--tenant ${quoted(tenantId)}`;
  const car = resources.find(({ kind }) => kind === 'vehicle');
  const room = resources.find(({ kind }) => kind === 'room');
  const hold = held[0];
  const product = products.find(({ stock = 1, price }) => stock > 0 && price > 0);
  // A test card, which nobody but the sandbox should be shown.
  const card = stack.sandboxedGateways.includes('stripe') ? '--gateway stripe --method pm_card_visa' : undefined;
  return [
    ...(car === undefined ? [] : [{ why: `Hold a car: ${car.name}`, command: invocation(`book ${quoted(car.id)} ${tenant} --customer me`) }]),
    ...(room === undefined ? [] : [{ why: `Hold a room and watch its 15 minutes: ${room.name}`, command: invocation(`book ${quoted(room.id)} ${tenant} --customer me --from ${from} --to ${to} --watch`) }]),
    ...(hold?.expiresAt === undefined
      ? []
      : [
          { why: `Watch the newest hold; it ends at ${clock(hold.expiresAt)}`, command: invocation(`watch ${hold.id} ${tenant}`) },
          card === undefined
            ? { why: 'Confirm it before that', command: invocation(`confirm ${hold.id} ${tenant} --reference 'desk 17'`) }
            : { why: 'Pay for it before that, in the sandbox', command: invocation(`pay ${hold.id} ${tenant} ${card}`) },
        ]),
    ...(product === undefined || card === undefined
      ? []
      : [{ why: `Order and pay, in the sandbox: ${product.name}`, command: invocation(`order ${tenant} --customer me --item ${quoted(product.id)} --ship-to ${quoted(someAddress)} ${card}`) }]),
    ...(key === stack.apiKey
      ? [
          { why: 'Import a file, here the example that comes with the dataset', command: `${invocation(`datasets users --example ${tenant}`)} | ${invocation(`import - --dataset users --name users.csv ${tenant}`)}` },
          { why: 'Export what was booked, for a spreadsheet; it ends with a link', command: invocation(`export bookings --format xlsx ${tenant}`) },
        ]
      : []),
    { why: `Where the money of ${tenantId} is`, command: invocation(`ledger ${tenant}`) },
    { why: `What ${tenantId} has booked`, command: invocation(`bookings ${tenant}`) },
    ...(key === stack.apiKey
      ? [{ why: 'The same over HTTP', command: `curl -s ${stack.apiUrl}/v1/bookings -H "authorization: Bearer $(node -p "require('${join(stack.home, 'stack.json')}').apiKey")"` }]
      : []),
  ];
}
