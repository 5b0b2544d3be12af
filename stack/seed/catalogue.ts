/** What the two shops of a fresh home sell. Prices are in minor units. */
import type { PutProduct } from '../../contracts/products.ts';
import type { PutResource } from '../../contracts/resources.ts';
import type { PutShop } from '../../contracts/shop.ts';
import { bellSignals, handbook, type ProductFile } from './files.ts';

export interface SeedProduct {
  readonly product: PutProduct;
  /** Of a digital product: what is downloaded. */
  readonly file?: () => Promise<ProductFile>;
}

export interface Shop {
  readonly name: string;
  readonly profile: PutShop;
  readonly catalogue: Readonly<Record<string, PutResource>>;
  readonly products: Readonly<Record<string, SeedProduct>>;
}

const vehicle = (name: string, price: number, currency: string, attributes: PutResource['attributes']): PutResource => ({ kind: 'vehicle', name, price, currency, attributes });
const room = (name: string, price: number, attributes: PutResource['attributes'], capacity = 1): PutResource => ({ kind: 'room', name, price, currency: 'EUR', capacity, attributes });
const physical = (sellerId: string, name: string, price: number, weightGrams: number, stock: number): SeedProduct => ({ product: { sellerId, name, kind: 'physical', price, currency: 'EUR', stock, weightGrams } });

export const shops: Readonly<Record<string, Shop>> = {
  motorhaus: {
    name: 'Motorhaus Novák',
    profile: {
      legalName: 'Motorhaus Novák s.r.o.',
      address: ['Nádražní 14', '602 00 Brno'],
      country: 'CZ',
      taxId: 'CZ00000000',
      registration: 'Krajský soud v Brně, C 00000',
      email: 'ucetni@motorhaus.example',
      vatBasisPoints: 2_100,
      invoicePrefix: 'MH',
      locale: 'cs-CZ',
    },
    catalogue: {
      'car-octavia': vehicle('Škoda Octavia Combi 2.0 TDI', 48_900_000, 'CZK', { year: 2021, km: 86_400, fuel: 'diesel', colour: 'graphite grey' }),
      'car-fabia': vehicle('Škoda Fabia 1.0 TSI', 28_500_000, 'CZK', { year: 2022, km: 31_200, fuel: 'petrol', colour: 'candy white' }),
      'car-golf': vehicle('Volkswagen Golf 1.5 eTSI', 1_949_000, 'EUR', { year: 2022, km: 44_900, fuel: 'petrol', colour: 'dolphin grey' }),
      'car-tucson': vehicle('Hyundai Tucson 1.6 T-GDi Hybrid', 2_690_000, 'EUR', { year: 2023, km: 27_800, fuel: 'hybrid', colour: 'teal' }),
      'car-model-3': vehicle('Tesla Model 3 Long Range', 3_250_000, 'EUR', { year: 2023, km: 39_500, fuel: 'electric', colour: 'midnight silver' }),
      'van-transit': vehicle('Ford Transit Custom 2.0 EcoBlue', 61_500_000, 'CZK', { year: 2020, km: 118_000, fuel: 'diesel', colour: 'frozen white' }),
    },
    products: {
      'handbook-octavia': {
        product: { sellerId: 'motorhaus-press', name: "Owner's handbook: Škoda Octavia", kind: 'digital', price: 900, currency: 'EUR' },
        file: async () => ({ name: 'handbook-octavia.pdf', bytes: await handbook(), contentType: 'application/pdf' }),
      },
      'roof-box': physical('vltava-racks', 'Roof box, 420 litres', 38_900, 15_500, 40),
      'winter-tyre': physical('morava-tyres', 'Winter tyre 205/55 R16', 7_900, 8_900, 400),
    },
  },
  seaview: {
    name: 'Seaview Hostel',
    profile: {
      legalName: 'Seaview Hostel Ltd',
      address: ['3 Quay Street', 'H91 0000 Galway'],
      country: 'IE',
      taxId: 'IE0000000A',
      email: 'office@seaview.example',
      vatBasisPoints: 1_350,
      invoicePrefix: 'SV',
      locale: 'en-IE',
    },
    catalogue: {
      'room-harbour': room('Harbour Double', 8_900, { beds: 'one double', view: 'harbour' }),
      'room-lighthouse': room('Lighthouse Double', 9_800, { beds: 'one double', view: 'sea' }),
      'room-garden': room('Garden Twin', 7_400, { beds: 'two singles', view: 'garden' }),
      'room-captain': room("Captain's Family Room", 13_200, { beds: 'one double, two bunks', view: 'sea' }),
      'room-cabin': room('Cabin Single', 5_200, { beds: 'one single', view: 'courtyard' }),
      'dorm-driftwood': room('Driftwood Dormitory (a bed)', 2_900, { beds: 'eight bunks', view: 'garden' }, 8),
      'concert-tides': { kind: 'event', name: 'Tides: an evening of shanties', price: 1_800, currency: 'EUR', capacity: 60, attributes: { doors: '19:30', place: 'the boathouse' } },
    },
    products: {
      'audio-guide': {
        product: { sellerId: 'tideline-audio', name: 'City audio guide: the bells of the harbour', kind: 'digital', price: 690, currency: 'EUR', vatBasisPoints: 2_300 },
        file: () => Promise.resolve({ name: 'harbour-bells.wav', bytes: bellSignals(), contentType: 'audio/wav' }),
      },
      'beach-towel': { product: { ...physical('linen-and-salt', 'Beach towel, sea blue', 1_900, 420, 120).product, vatBasisPoints: 2_300 } },
      postcards: { product: { ...physical('quay-press', 'Postcards, a set of twelve', 850, 180, 400).product, vatBasisPoints: 2_300 } },
    },
  },
};
