/** Links to images. They change once a day only, so that a browser keeps what it has fetched. */
import type { ProductView } from '../../contracts/products.ts';
import type { ProductImage, UploadView } from '../../contracts/uploads/schemas.ts';
import type { KeptProduct } from '../../services/database/products.ts';
import type { KeptImage } from '../../services/database/schema/files.ts';
import type { KeptUpload } from '../../services/database/uploads/rows.ts';
import { signLink } from '../../services/storage/links.ts';
import type { ApiDependencies } from '../dependencies.ts';

const dayMs = 24 * 60 * 60 * 1000;
/** From midnight on, so a link is always good for five days and never for more than the seven that there can be. */
const goodForDays = 6;

type Signing = Pick<ApiDependencies, 'signingKeys' | 'publicUrl'>;

export function pictureUrl(key: string, { signingKeys, publicUrl }: Signing, now = new Date()): string {
  const expiresAt = new Date((Math.floor(now.getTime() / dayMs) + goodForDays) * dayMs);
  return `${publicUrl}${signLink({ method: 'GET', key, expiresAt }, signingKeys, now)}`;
}

export function imageWithLinks({ id, width, height, variants }: KeptImage, signing: Signing, now = new Date()): ProductImage {
  return { id, width, height, variants: variants.map(({ key, ...variant }) => ({ ...variant, url: pictureUrl(key, signing, now) })) };
}

export const productWithLinks = ({ images, ...product }: KeptProduct, signing: Signing): ProductView => ({ ...product, images: images.map((image) => imageWithLinks(image, signing)) });

export const uploadWithLinks = ({ items, ...upload }: KeptUpload, signing: Signing): UploadView => ({
  ...upload,
  items: items.map(({ image, ...item }) => ({ ...item, ...(image !== undefined && { image: imageWithLinks(image, signing) }) })),
});
