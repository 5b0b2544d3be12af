import { sql, type Kysely } from 'kysely';

/** A refund is not sent again before it is known what became of it, and no two are one at the gateway. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`ALTER TABLE refunds ADD COLUMN sent_at timestamptz`.execute(db);
  // Of two equal refunds at once both may find the same one in a gateway's list: the second then has to look again.
  await sql`CREATE UNIQUE INDEX refunds_by_gateway_ref ON refunds (tenant_id, payment_id, gateway_ref) WHERE gateway_ref IS NOT NULL`.execute(db);
  // That money did not arrive after all is told long after the payment was last touched.
  await sql`CREATE INDEX inbound_webhooks_of_failed_refunds ON inbound_webhooks (gateway, received_at) WHERE type IN ('refund.failed', 'refund.TXN_FAILURE')`.execute(db);
}
