/** What the showcase plays with: two free cars, a free room for nights that nobody has, an event with seats left. */
import { resourceView, type PutResource, type ResourceView } from '../../contracts/resources.ts';
import type { Run, Shop } from './run.ts';

const dayMs = 24 * 60 * 60 * 1000;
const windowDays = 40;
const soonestDays = 90;
const spreadDays = 1_000;
const attempts = 4;
const seatsNeeded = 3;
const gopayCurrencies: ReadonlySet<string> = new Set(['CZK', 'EUR']);

export interface Stage {
  readonly garage: Shop;
  readonly hotel: Shop;
  readonly car: ResourceView;
  /** Another one, in a currency that GoPay takes. */
  readonly carForSale: ResourceView;
  readonly room: ResourceView;
  readonly event: ResourceView;
  /** Two nights of the window that is this run's own: `nights(0)`, `nights(1)`, … never overlap. */
  readonly nights: (index: number) => { readonly from: string; readonly to: string };
}

/** @throws {Error} when the HTTP API does not answer. */
export async function setStage(run: Run): Promise<Stage> {
  const garage = run.shop('motorhaus');
  const hotel = run.shop('seaview');
  const [[carForSale, car], event, { room, startMs }] = await Promise.all([
    findCars(garage, run.tag),
    findOrAdd(hotel, { kind: 'event', name: 'Showcase evening', price: 1_000, currency: 'EUR', capacity: 40 }, run.tag, ({ available = 0 }) => available >= seatsNeeded),
    findRoom(hotel, run.tag),
  ]);
  const day = (offset: number): string => dateOf(startMs + offset * dayMs);
  return { garage, hotel, car, carForSale, room, event, nights: (index) => ({ from: day(index * 4), to: day(index * 4 + 2) }) };
}

const dateOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

/** Far ahead and at a random place, so that runs do not meet and no real guest's dates are touched. */
async function findRoom(shop: Shop, tag: string): Promise<{ room: ResourceView; startMs: number }> {
  const today = Math.floor(Date.now() / dayMs) * dayMs;
  for (let attempt = 0; ; attempt += 1) {
    const startMs = today + (soonestDays + Math.floor(Math.random() * spreadDays)) * dayMs;
    const rooms = await shop.api.items('/v1/resources', resourceView, { kind: 'room', available: 'true', from: dateOf(startMs), to: dateOf(startMs + windowDays * dayMs), limit: '200' });
    // One bed: then exactly one guest can win a race for it.
    const room = rooms.find(({ capacity }) => capacity === 1);
    if (room !== undefined) return { room, startMs };
    if (attempt === attempts) return { room: await add(shop, `showcase-room-${tag}`, { kind: 'room', name: 'Showcase room', price: 5_000, currency: 'EUR' }), startMs };
  }
}

/** @returns one to sell and another one. */
async function findCars(shop: Shop, tag: string): Promise<readonly [ResourceView, ResourceView]> {
  const free = (await freeOf(shop, 'vehicle')).filter(({ available }) => available === 1);
  const car: PutResource = { kind: 'vehicle', name: 'Showcase car', price: 1_000_000, currency: 'EUR' };
  const forSale = free.find(({ currency, price }) => gopayCurrencies.has(currency) && price > 0) ?? (await add(shop, `showcase-vehicle-${tag}-for-sale`, car));
  const other = free.find(({ id }) => id !== forSale.id) ?? (await add(shop, `showcase-vehicle-${tag}`, car));
  return [forSale, other];
}

/** A shop that has nothing free of that kind gets one thing more, or the showcase could not be repeated. */
async function findOrAdd(shop: Shop, fallback: PutResource, tag: string, suits: (resource: ResourceView) => boolean): Promise<ResourceView> {
  return (await freeOf(shop, fallback.kind)).find(suits) ?? (await add(shop, `showcase-${fallback.kind}-${tag}`, fallback));
}

async function freeOf({ api }: Shop, kind: PutResource['kind']): Promise<readonly ResourceView[]> {
  return await api.items('/v1/resources', resourceView, { kind, available: 'true', limit: '200' });
}

async function add(shop: Shop, id: string, body: PutResource): Promise<ResourceView> {
  return await shop.api.put(`/v1/resources/${encodeURIComponent(id)}`, resourceView, body);
}
