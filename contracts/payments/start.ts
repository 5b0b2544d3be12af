/** How a payment is labelled when it starts: what an operator reads and filters by, whoever starts it. */
import { searchAttributes } from '../search-attributes.ts';
import type { PaymentInput } from './flow.ts';

export function paymentLabels({ tenantId, paymentId, request }: PaymentInput) {
  return {
    typedSearchAttributes: [
      { key: searchAttributes.tenant, value: tenantId },
      ...(request === undefined
        ? []
        : [
            { key: searchAttributes.status, value: 'created' },
            { key: searchAttributes.resource, value: request.subject.id },
            ...(request.customerId === undefined ? [] : [{ key: searchAttributes.customer, value: request.customerId }]),
          ]),
    ],
    staticSummary: request === undefined ? `Payment ${paymentId}, picked up again` : `Payment for ${request.subject.kind} ${request.subject.id} through ${request.gateway}`,
    staticDetails: `Tenant \`${tenantId}\`, payment \`${paymentId}\`. Signals: \`cancel\` (until it is taken), \`resume\`, \`gatewayEvent\` (asks the gateway). Update: \`refund\`.`,
  };
}
