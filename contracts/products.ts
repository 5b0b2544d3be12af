/** Products, baskets and the counts of what is in stock, on the wire. */
import { z } from 'zod';
import { resourceKinds } from './resources.ts';
import { productImage } from './uploads/schemas.ts';
import { amountMinor, currency, foreignId, pageQuery, text } from './values.ts';

export const productKinds = ['digital', 'physical'] as const;
export type ProductKind = (typeof productKinds)[number];

/** Hundredths of a per cent. */
export const basisPoints = z.int().min(0).max(10_000);

export const putProductBody = z
  .strictObject({
    sellerId: foreignId.meta({ description: 'Who sells it, by the own id of the shop.', example: 's-7' }),
    name: text(200).meta({ example: 'Night sky photographs' }),
    kind: z.enum(productKinds).describe('digital: downloaded. physical: shipped.'),
    price: amountMinor.meta({ description: 'Minor units, for one.', example: 1900 }),
    currency: currency.meta({ example: 'EUR' }),
    stock: z.int().min(0).max(1_000_000_000).optional().describe('How many are for sale now. What open orders hold is not among them, and is added when such an order is undone. If absent, never sold out.'),
    weightGrams: z.int().min(1).max(10_000_000).optional().describe('Of one, with its wrapping. What is physical needs it.'),
    vatBasisPoints: basisPoints.optional().meta({ description: 'Value-added tax contained in the price, in hundredths of a per cent. That of the shop if absent.', example: 2000 }),
  })
  .superRefine((body, context) => {
    if (body.kind === 'physical' && body.weightGrams === undefined) context.addIssue({ code: 'custom', path: ['weightGrams'], message: 'what is shipped needs a weight' });
  });
export type PutProduct = z.infer<typeof putProductBody>;

export const productView = z.object({
  id: z.string(),
  sellerId: z.string(),
  name: z.string(),
  kind: z.enum(productKinds),
  price: z.number(),
  currency: z.string(),
  stock: z.number().optional().describe('Absent: never sold out.'),
  weightGrams: z.number().optional(),
  vatBasisPoints: z.number().optional(),
  fileName: z.string().optional().describe('What a download of it is called. Absent while it has no file.'),
  images: z.array(productImage).describe('In the order in which they were uploaded.'),
  sold: z.number().describe('How many were sold.'),
  createdAt: z.string(),
  updatedAt: z.string(),
});
export type ProductView = z.infer<typeof productView>;

export const listProductsQuery = z.strictObject({ sellerId: foreignId.optional(), kind: z.enum(productKinds).optional(), ...pageQuery });
export type ListProducts = z.infer<typeof listProductsQuery>;

/** The largest file that a product can have. */
export const maxProductFileBytes = 50 * 1024 * 1024;

export const putProductFileQuery = z.strictObject({
  name: text(200).refine((name) => !/[/\\]/.test(name), 'must not contain a slash').optional().meta({ description: 'What a download of it is called. The name of the product if absent.', example: 'photographs.zip' }),
});

/** What one purchase can be made of. */
export const maxBasketLines = 100;

export const putBasketItemBody = z.strictObject({ quantity: z.int().min(0).max(1000).meta({ description: 'How many in all; 0 takes it out.', example: 1 }) });

export const basketWarnings = ['out_of_stock', 'other_currency'] as const;
export type BasketWarning = (typeof basketWarnings)[number];

export const basketItem = z.object({
  productId: z.string(),
  sellerId: z.string(),
  name: z.string(),
  kind: z.enum(productKinds),
  quantity: z.int(),
  beingPaid: z.int().optional().describe('How many of these a purchase that is not decided yet is paying for. They are not bought twice.'),
  unitPrice: z.number(),
  amount: z.number().describe('Minor units, without what is being paid.'),
  currency: z.string(),
  warnings: z.array(z.enum(basketWarnings)).describe('out_of_stock: there is not enough of it. other_currency: not that of the first item; one purchase has one currency.'),
});
export type BasketItem = z.infer<typeof basketItem>;

export const basketView = z.object({
  customerId: z.string(),
  items: z.array(basketItem),
  total: z.object({ amount: z.number(), currency: z.string() }).optional().describe('What a purchase would cost now. Absent for an empty basket and for several currencies.'),
});
export type BasketView = z.infer<typeof basketView>;

export const sellerBalance = z.object({
  sellerId: z.string(),
  balances: z.array(z.object({ currency: z.string(), amount: z.int().describe('Minor units. Positive: owed to the seller.') })),
});
export type SellerBalance = z.infer<typeof sellerBalance>;

export const inventoryStatistics = z.object({
  kind: z.enum(resourceKinds),
  total: z.int().describe('Units of all resources of this kind.'),
  held: z.int().describe('Units that were on hold.'),
  sold: z.int().describe('Units that were booked for good; of vehicles, the sold ones.'),
  refreshedAt: z.string(),
});
export type InventoryStatistics = z.infer<typeof inventoryStatistics>;
