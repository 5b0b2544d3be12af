/** What the showcase buys: something of the shop's own that suits, else a thing of its own that it adds. */
import { productView, type ProductView, type PutProduct } from '../../contracts/products.ts';
import { problemWords } from './api.ts';
import type { Shop } from './run.ts';

/** Cards take it, and every carrier has a price in it. */
const currency = 'EUR';
/** What a carrier takes at once. */
const maxParcelGrams = 31_500;
const ownStock = 1_000;

const own = {
  download: { sellerId: 'showcase-press', name: 'Showcase leaflet', kind: 'digital', price: 500, currency },
  parcel: { sellerId: 'showcase-goods', name: 'Showcase mug', kind: 'physical', price: 1_200, currency, stock: ownStock, weightGrams: 400 },
} as const satisfies Record<string, PutProduct>;

/** One thing to download and one to send, of two sellers and in one currency. */
export async function goodsForABasket(shop: Shop): Promise<{ digital: ProductView; physical: ProductView }> {
  const products = await catalogueOf(shop);
  const digital = products.find(({ kind, fileName, stock = 1 }) => kind === 'digital' && fileName !== undefined && stock > 0) ?? (await addDownload(shop));
  const physical = products.find(({ kind, sellerId, stock = 1 }) => kind === 'physical' && sellerId !== digital.sellerId && stock > 0) ?? (await add(shop, 'showcase-mug', own.parcel));
  return { digital, physical };
}

/** Something of which there is a stock, light enough for one parcel; the cheapest of it. */
export async function goodsToSend(shop: Shop, quantity: number): Promise<ProductView> {
  const products = await catalogueOf(shop);
  const suitable = products.filter(({ kind, stock = 0, weightGrams = maxParcelGrams }) => kind === 'physical' && stock >= quantity && weightGrams * quantity <= maxParcelGrams);
  return suitable.toSorted((one, other) => one.price - other.price)[0] ?? (await add(shop, 'showcase-mug', own.parcel));
}

async function catalogueOf({ api }: Shop): Promise<readonly ProductView[]> {
  const products = await api.items('/v1/products', productView, { limit: '200' });
  return products.filter((product) => product.currency === currency && product.price > 0);
}

async function addDownload(shop: Shop): Promise<ProductView> {
  const { id } = await add(shop, 'showcase-leaflet', own.download);
  const answer = await shop.api.upload('PUT', `/v1/products/${id}/file?${new URLSearchParams({ name: 'leaflet.txt' }).toString()}`, new TextEncoder().encode('Bought, paid for, and downloaded.\n'));
  if (answer.status >= 400) throw new Error(`the file of ${id} could not be added: ${problemWords(answer)}`);
  return productView.parse(answer.body);
}

/** Under the same id in every run: adding it again fills its stock up. */
async function add(shop: Shop, id: string, product: PutProduct): Promise<ProductView> {
  return await shop.api.put(`/v1/products/${id}`, productView, product);
}
