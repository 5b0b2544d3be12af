/** After a start: commands that do something when they are pasted, with ids that exist. */
import { join } from 'node:path';
import { bookingView } from '../../contracts/bookings/schemas.ts';
import { resourceView } from '../../contracts/resources.ts';
import type { StackInfo } from '../../stack/info.ts';
import { ApiClient } from '../api-client.ts';
import { invocation, quoted } from '../invocation.ts';
import { clock, safe, styled } from '../text.ts';

const dayMs = 24 * 60 * 60 * 1000;

interface Suggestion {
  readonly why: string;
  readonly command: string;
}

/** Four calls of the HTTP API. Without anything free there are simply fewer commands. */
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
  const [{ items: resources }, { items: held }] = await Promise.all([
    api.page('/v1/resources', resourceView, { available: 'true', from, to, limit: 200 }),
    api.page('/v1/bookings', bookingView, { status: 'held', limit: 1 }),
  ]);
  const tenant = `--tenant ${quoted(tenantId)}`;
  const car = resources.find(({ kind }) => kind === 'vehicle');
  const room = resources.find(({ kind }) => kind === 'room');
  const hold = held[0];
  return [
    ...(car === undefined ? [] : [{ why: `Hold a car: ${car.name}`, command: invocation(`book ${quoted(car.id)} ${tenant} --customer me`) }]),
    ...(room === undefined ? [] : [{ why: `Hold a room and watch its 15 minutes: ${room.name}`, command: invocation(`book ${quoted(room.id)} ${tenant} --customer me --from ${from} --to ${to} --watch`) }]),
    ...(hold?.expiresAt === undefined
      ? []
      : [
          { why: `Watch the newest hold; it ends at ${clock(hold.expiresAt)}`, command: invocation(`watch ${hold.id} ${tenant}`) },
          { why: 'Confirm it before that', command: invocation(`confirm ${hold.id} ${tenant} --reference 'desk 17'`) },
        ]),
    { why: `What ${tenantId} has booked`, command: invocation(`bookings ${tenant}`) },
    ...(key === stack.apiKey
      ? [{ why: 'The same over HTTP', command: `curl -s ${stack.apiUrl}/v1/bookings -H "authorization: Bearer $(node -p "require('${join(stack.home, 'stack.json')}').apiKey")"` }]
      : []),
  ];
}
