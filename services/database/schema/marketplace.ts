/** Row types of products, baskets, purchases and downloads. */
import type { ColumnType, Generated } from 'kysely';
import type { ProductKind } from '../../../contracts/products.ts';
import type { PurchaseKind, PurchaseReason, PurchaseStatus } from '../../../contracts/purchases/flow.ts';
import type { ResourceKind } from '../../../contracts/resources.ts';
import type { GeneratedTimestamp, Timestamp } from './columns.ts';
import type { KeptImage } from './files.ts';
import type { MaybeImported } from './imports.ts';

export interface MarketplaceTables {
  products: MaybeImported & {
    tenant_id: string;
    id: string;
    seller_id: string;
    name: string;
    kind: ProductKind;
    price_minor: number;
    currency: string;
    /** Nothing: there is always more of it. */
    stock: number | null;
    weight_grams: number | null;
    /** Nothing: that of the tenant. */
    vat_basis_points: number | null;
    file_key: string | null;
    /** What a download of it is called. */
    file_name: string | null;
    images: ColumnType<KeptImage[], string | undefined, string>;
    sold_count: Generated<number>;
    created_at: GeneratedTimestamp;
    updated_at: GeneratedTimestamp;
  };
  basket_items: { tenant_id: string; customer_id: string; product_id: string; quantity: number; added_at: GeneratedTimestamp };
  purchases: {
    tenant_id: string;
    id: string;
    kind: PurchaseKind;
    customer_id: string;
    booking_id: string | null;
    payment_id: string;
    amount_minor: number;
    currency: string;
    status: PurchaseStatus;
    reason: PurchaseReason | null;
    created_at: GeneratedTimestamp;
    updated_at: GeneratedTimestamp;
  };
  purchase_items: {
    tenant_id: string;
    purchase_id: string;
    line: number;
    product_id: string;
    seller_id: string;
    name: string;
    kind: ProductKind;
    quantity: number;
    unit_price_minor: number;
    amount_minor: number;
    fee_minor: number;
    vat_basis_points: number;
  };
  downloads: {
    tenant_id: string;
    id: string;
    /** Of what: a purchase or an order. */
    purchase_id: string | null;
    order_id: string | null;
    product_id: string;
    customer_id: string;
    expires_at: Timestamp;
    max_downloads: number;
    downloads: Generated<number>;
    created_at: GeneratedTimestamp;
  };
  inventory_statistics: { tenant_id: string; kind: ResourceKind; total: number; held: number; sold: number; refreshed_at: Timestamp };
}
