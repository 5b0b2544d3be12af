/** Orders on the wire: what callers send and get. */
import { z } from 'zod';
import { customerContact } from '../bookings/schemas.ts';
import { gatewayNames, paymentStatuses } from '../payments/flow.ts';
import { howToPay, paymentView } from '../payments/schemas.ts';
import { downloadView } from '../purchases/schemas.ts';
import { amountMinor, currency, foreignId, pageQuery, text } from '../values.ts';
import { countryCodes } from './countries.ts';
import { maxOrderLines, orderStatuses, orderSteps } from './flow.ts';

const orderedItem = z.strictObject({
  productId: foreignId.meta({ example: 'mug-blue' }),
  quantity: z.int().min(1).max(10_000).default(1).meta({ example: 2 }),
});

const items = z
  .array(orderedItem)
  .min(1)
  .max(maxOrderLines)
  .refine((list) => new Set(list.map(({ productId }) => productId)).size === list.length, 'must name each product once');

/** `ord_` and a type id, so that the ids of what belongs to the order can be made from it. */
export const orderId = z.string().regex(/^ord_[0-7][0-9a-hjkmnp-tv-z]{25}$/, 'must be an order id');

/** Where the goods go. It is kept in the database and never enters a workflow history. */
export const shipTo = z.strictObject({
  name: text(200).meta({ example: 'Ada Lovelace' }),
  line1: text(200).meta({ example: '12 St James Square' }),
  line2: text(200).optional(),
  city: text(100).meta({ example: 'London' }),
  postcode: text(20).meta({ example: 'SW1Y 4JH' }),
  country: z.enum(countryCodes).meta({ description: 'ISO 3166-1 alpha-2.', example: 'GB' }),
});
export type ShipTo = z.infer<typeof shipTo>;

/** What an order is made of, wherever it comes from. */
export const placeOrder = z.strictObject({ customerId: foreignId.meta({ example: 'c-1001' }), items, ...howToPay });
/** What a caller sends, before defaults. */
export type PlaceOrder = z.input<typeof placeOrder>;

export const createOrderBody = placeOrder.extend({
  shipTo: shipTo.optional().describe('Needed when something of the order is sent.'),
  customer: customerContact.optional(),
});

export const shipmentView = z.object({
  id: z.string().describe('shp_…'),
  status: z.enum(['labelled', 'voided']),
  carrier: z.string(),
  service: z.string(),
  tracking: z.string(),
  price: amountMinor.describe('What the label cost the shop. The customer pays what was quoted when the order was placed.'),
});
export type ShipmentView = z.infer<typeof shipmentView>;

/** An order as its flow knows it. */
export const orderState = z.object({
  id: z.string().describe('ord_…, sortable by time.'),
  status: z.enum(orderStatuses),
  step: z.enum(orderSteps).describe('The step that it has come to; of an order that failed, the one that failed.'),
  reason: z.string().optional().describe('Why it is or was undone: a code.'),
  customerId: z.string(),
  shipping: amountMinor.describe('Minor units. What the customer pays for shipping; part of `amount`.'),
  amount: amountMinor.describe('Minor units. What the customer pays: items and shipping.'),
  currency,
  ships: z.boolean().describe('Whether something of it is sent.'),
  paymentId: z.string(),
  gateway: z.enum(gatewayNames),
  method: z.string(),
  createdAt: z.string(),
  updatedAt: z.string(),
});
export type OrderState = z.infer<typeof orderState>;

export const orderView = orderState.omit({ method: true }).extend({
  items: z.array(
    z.object({
      productId: z.string(),
      name: z.string(),
      quantity: z.int(),
      unitPrice: amountMinor,
      amount: amountMinor,
      ships: z.boolean(),
    }),
  ),
  payment: z
    .object({ status: z.enum(paymentStatuses), redirectUrl: paymentView.shape.redirectUrl, failure: paymentView.shape.failure })
    .optional()
    .describe('Absent until the payment has been begun.'),
  shipment: shipmentView.optional(),
  downloads: z.array(downloadView).optional().describe('Of what is not sent, once the order is completed, and until all of its money is given back.'),
});
export type OrderView = z.infer<typeof orderView>;

export const listOrdersQuery = z.strictObject({
  customerId: foreignId.optional(),
  status: z.enum(orderStatuses).optional(),
  ...pageQuery,
});
export type ListOrders = z.infer<typeof listOrdersQuery>;
