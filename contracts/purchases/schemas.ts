/** Purchases on the wire: what callers send and get. */
import { z } from 'zod';
import { failures } from '../failures.ts';
import { paymentFailureCodes, paymentStatuses } from '../payments/flow.ts';
import { howToPay } from '../payments/schemas.ts';
import { productKinds } from '../products.ts';
import { amountMinor, currency, foreignId, pageQuery } from '../values.ts';
import { purchaseKinds, purchaseStatuses, type PurchaseReason } from './flow.ts';

export const createPurchaseBody = z.strictObject({
  customerId: foreignId.meta({ example: 'c-1001' }),
  bookingId: foreignId.optional().describe('A held vehicle, bought by the customer who holds it. If absent, the basket of the customer is bought.'),
  ...howToPay,
});
/** What a caller sends. */
export type CreatePurchase = z.input<typeof createPurchaseBody>;

const isReason = (value: string): value is PurchaseReason => Object.hasOwn(failures, value) || paymentFailureCodes.some((code) => code === value);

export const purchaseItemView = z.object({
  line: z.int(),
  productId: z.string(),
  sellerId: z.string(),
  name: z.string(),
  kind: z.enum(productKinds),
  quantity: z.int(),
  unitPrice: z.number().describe('Minor units, as it was when it was bought.'),
  amount: z.number(),
  fee: z.number().describe('What the platform keeps of it.'),
});
export type PurchaseItemView = z.infer<typeof purchaseItemView>;

export const downloadView = z.object({
  id: z.string().describe('dl_…'),
  productId: z.string(),
  url: z.string().optional().describe('Opens without an API key. Absent when it has expired or was used up.'),
  expiresAt: z.string(),
  downloadsLeft: z.int(),
});
export type DownloadView = z.infer<typeof downloadView>;

export const purchaseView = z.object({
  id: z.string().describe('pur_…, sortable by time.'),
  kind: z.enum(purchaseKinds),
  status: z.enum(purchaseStatuses),
  reason: z.string().refine(isReason).optional().describe('Why it came to nothing: `cancelled`, why the payment failed, or a code of the failures table.'),
  customerId: z.string(),
  bookingId: z.string().optional(),
  amount: amountMinor.describe('Minor units.'),
  currency,
  paymentId: z.string(),
  payment: z
    .object({
      status: z.enum(paymentStatuses),
      redirectUrl: z.string().optional().describe('Where the payer has to go. Present while the payer has to act.'),
      failure: z.object({ code: z.enum(paymentFailureCodes), gatewayCode: z.string().optional(), message: z.string() }).optional(),
    })
    .optional(),
  items: z.array(purchaseItemView).optional().describe('Of a basket.'),
  downloads: z.array(downloadView).optional().describe('Of the digital items, once it is completed, and until all of its money is given back.'),
  createdAt: z.string(),
  updatedAt: z.string(),
});
export type PurchaseView = z.infer<typeof purchaseView>;

export const listPurchasesQuery = z.strictObject({
  customerId: foreignId.optional(),
  status: z.enum(purchaseStatuses).optional(),
  kind: z.enum(purchaseKinds).optional(),
  ...pageQuery,
});
export type ListPurchases = z.infer<typeof listPurchasesQuery>;
