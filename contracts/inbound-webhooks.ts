/** What gateways told us, as operators see it. */
import { z } from 'zod';
import { gatewayNames } from './payments/flow.ts';
import { foreignId, pageQuery } from './values.ts';

export const receivedWebhookView = z.object({
  gateway: z.enum(gatewayNames),
  eventId: z.string().describe("The gateway's own name of the event; GoPay has none, so it is the payment's."),
  type: z.string(),
  paymentId: z.string().optional(),
  gatewayRef: z.string().optional(),
  payload: z.record(z.string(), z.unknown()).describe('What is kept of it.'),
  receivedAt: z.string(),
  processedAt: z.string().optional().describe('Absent while it waits.'),
  outcome: z
    .string()
    .optional()
    .describe('`already_known`: the payment was so already. A status: what the payment was when the gateway had been asked. `unanswered`: a day has passed and no flow could ask. `unknown_payment`: it is none of ours.'),
});
export type ReceivedWebhookView = z.infer<typeof receivedWebhookView>;

export const listReceivedQuery = z.strictObject({ paymentId: foreignId.optional(), gateway: z.enum(gatewayNames).optional(), ...pageQuery });
export type ListReceived = z.infer<typeof listReceivedQuery>;
