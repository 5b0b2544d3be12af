/** A small catalogue for the two shops that a fresh home has, so that there is something to book at once. */
import type { PutResource } from '../contracts/resources.ts';
import { isRefusal } from '../contracts/failures.ts';
import { openDatabases } from '../services/database/connection.ts';
import { putResource } from '../services/database/resources.ts';
import type { StackInfo } from './info.ts';

interface Shop {
  readonly name: string;
  readonly catalogue: Readonly<Record<string, PutResource>>;
}

const vehicle = (name: string, price: number, currency: string, attributes: PutResource['attributes']): PutResource => ({ kind: 'vehicle', name, price, currency, attributes });
const room = (name: string, price: number, attributes: PutResource['attributes'], capacity = 1): PutResource => ({ kind: 'room', name, price, currency: 'EUR', capacity, attributes });

/** Prices are in minor units. */
export const shops: Readonly<Record<string, Shop>> = {
  motorhaus: {
    name: 'Motorhaus Novák',
    catalogue: {
      'car-octavia': vehicle('Škoda Octavia Combi 2.0 TDI', 48_900_000, 'CZK', { year: 2021, km: 86_400, fuel: 'diesel', colour: 'graphite grey' }),
      'car-fabia': vehicle('Škoda Fabia 1.0 TSI', 28_500_000, 'CZK', { year: 2022, km: 31_200, fuel: 'petrol', colour: 'candy white' }),
      'car-golf': vehicle('Volkswagen Golf 1.5 eTSI', 1_949_000, 'EUR', { year: 2022, km: 44_900, fuel: 'petrol', colour: 'dolphin grey' }),
      'car-tucson': vehicle('Hyundai Tucson 1.6 T-GDi Hybrid', 2_690_000, 'EUR', { year: 2023, km: 27_800, fuel: 'hybrid', colour: 'teal' }),
      'car-model-3': vehicle('Tesla Model 3 Long Range', 3_250_000, 'EUR', { year: 2023, km: 39_500, fuel: 'electric', colour: 'midnight silver' }),
      'van-transit': vehicle('Ford Transit Custom 2.0 EcoBlue', 61_500_000, 'CZK', { year: 2020, km: 118_000, fuel: 'diesel', colour: 'frozen white' }),
    },
  },
  seaview: {
    name: 'Seaview Hostel',
    catalogue: {
      'room-harbour': room('Harbour Double', 8_900, { beds: 'one double', view: 'harbour' }),
      'room-lighthouse': room('Lighthouse Double', 9_800, { beds: 'one double', view: 'sea' }),
      'room-garden': room('Garden Twin', 7_400, { beds: 'two singles', view: 'garden' }),
      'room-captain': room("Captain's Family Room", 13_200, { beds: 'one double, two bunks', view: 'sea' }),
      'room-cabin': room('Cabin Single', 5_200, { beds: 'one single', view: 'courtyard' }),
      'dorm-driftwood': room('Driftwood Dormitory (a bed)', 2_900, { beds: 'eight bunks', view: 'garden' }, 8),
      'concert-tides': { kind: 'event', name: 'Tides: an evening of shanties', price: 1_800, currency: 'EUR', capacity: 60, attributes: { doors: '19:30', place: 'the boathouse' } },
    },
  },
};

/**
 * Fills the catalogue of each known shop that has none yet; a shop that has a single resource is left as it is, so a
 * changed catalogue stays changed. Straight into the database: the callers' rate limit is not used up.
 * @returns how many resources were added.
 */
export async function seed(stack: Pick<StackInfo, 'databaseUrl' | 'apiKeys'>): Promise<number> {
  const databases = openDatabases({ writeUrl: stack.databaseUrl, applicationName: 'holdfast seed' });
  let added = 0;
  try {
    for (const [tenantId, { name, catalogue }] of Object.entries(shops)) {
      if (!Object.hasOwn(stack.apiKeys, tenantId)) continue;
      const known = await databases.write.selectFrom('resources').select('id').where('tenant_id', '=', tenantId).limit(1).executeTakeFirst();
      if (known !== undefined) continue;
      await databases.write.insertInto('tenants').values({ id: tenantId, name }).onConflict((conflict) => conflict.column('id').doNothing()).execute();
      for (const [id, resource] of Object.entries(catalogue)) {
        const outcome = await putResource(databases.write, tenantId, id, resource);
        if (!isRefusal(outcome) && outcome.created) added += 1;
      }
    }
  } finally {
    await databases.close();
  }
  return added;
}
