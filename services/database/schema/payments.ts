/** Row types of payments, refunds, the ledger and inbound webhooks. */
import type { Generated } from 'kysely';
import type { CaptureMode, GatewayName, PaymentFailureCode, PaymentStatus, SubjectKind } from '../../../contracts/payments/flow.ts';
import type { RefundView } from '../../../contracts/payments/schemas.ts';
import type { GeneratedTimestamp, Json, Timestamp } from './columns.ts';

export interface PaymentTables {
  payments: {
    tenant_id: string;
    id: string;
    subject_kind: SubjectKind;
    subject_id: string;
    customer_id: string;
    gateway: GatewayName;
    method: string;
    capture: CaptureMode;
    description: string;
    amount_minor: number;
    currency: string;
    status: PaymentStatus;
    failure_code: PaymentFailureCode | null;
    failure_message: string | null;
    gateway_code: string | null;
    gateway_ref: string | null;
    gateway_answer: Json<Record<string, unknown>> | null;
    redirect_url: string | null;
    pay_by: Timestamp;
    processing: Generated<boolean>;
    /** It had failed before the money came. */
    late: Generated<boolean>;
    captured_minor: Generated<number>;
    refunded_minor: Generated<number>;
    created_at: GeneratedTimestamp;
    updated_at: GeneratedTimestamp;
  };
  refunds: {
    tenant_id: string;
    id: string;
    payment_id: string;
    amount_minor: number;
    status: RefundView['status'];
    reason: string | null;
    gateway_ref: string | null;
    failure: string | null;
    /** When it was last sent to the gateway. */
    sent_at: Generated<Date | null>;
    created_at: GeneratedTimestamp;
    updated_at: GeneratedTimestamp;
  };
  ledger_transactions: { tenant_id: string; id: string; kind: string; payment_id: string | null; at: GeneratedTimestamp };
  ledger_entries: { seq: Generated<number>; tenant_id: string; transaction_id: string; account: string; currency: string; amount_minor: number };
  inbound_webhooks: {
    tenant_id: string;
    gateway: GatewayName;
    event_id: string;
    type: string;
    payment_id: string | null;
    gateway_ref: string | null;
    payload: Json<Record<string, unknown>>;
    received_at: GeneratedTimestamp;
    processed_at: Timestamp | null;
    outcome: string | null;
  };
}
