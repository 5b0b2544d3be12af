/** What a purchase or an order that has ended must not leave behind. */
import { sql } from 'kysely';
import type { World } from './world.ts';

/** Of all that ended for this tenant, what nobody would come back to: `stock of ord_…`. */
export async function orphansOf({ databases, tenantId }: Pick<World, 'databases' | 'tenantId'>): Promise<string[]> {
  const { rows } = await sql<{ what: string }>`
    WITH ended AS (
      SELECT id, payment_id, status, reason, booking_id FROM purchases WHERE tenant_id = ${tenantId} AND status IN ('completed', 'cancelled', 'failed')
      UNION ALL SELECT id, payment_id, status, reason, NULL FROM orders WHERE tenant_id = ${tenantId} AND status IN ('completed', 'cancelled', 'failed')
    ), undone AS (SELECT * FROM ended WHERE status <> 'completed')
    SELECT 'open payment of ' || e.id AS what FROM ended e JOIN payments p ON p.tenant_id = ${tenantId} AND p.id = e.payment_id WHERE p.status NOT IN ('settled', 'failed', 'refunded')
    UNION ALL SELECT 'money of ' || e.id FROM undone e JOIN payments p ON p.tenant_id = ${tenantId} AND p.id = e.payment_id WHERE p.captured_minor <> p.refunded_minor
    UNION ALL SELECT 'open refund of ' || e.id FROM ended e JOIN refunds r ON r.tenant_id = ${tenantId} AND r.payment_id = e.payment_id WHERE r.status = 'requested'
    UNION ALL SELECT 'deposit of ' || e.id FROM ended e JOIN ledger_transactions t ON t.tenant_id = ${tenantId} AND t.payment_id = e.payment_id
      JOIN ledger_entries l ON l.tenant_id = t.tenant_id AND l.transaction_id = t.id WHERE l.account = 'deposits' GROUP BY e.id HAVING sum(l.amount_minor) <> 0
    UNION ALL SELECT 'stock of ' || e.id FROM undone e JOIN stock_reservations s ON s.tenant_id = ${tenantId} AND s.order_id = e.id
    UNION ALL SELECT 'label of ' || e.id FROM undone e JOIN shipments s ON s.tenant_id = ${tenantId} AND s.order_id = e.id WHERE s.status = 'labelled'
    UNION ALL SELECT 'warehouse task of ' || e.id FROM undone e JOIN warehouse_tasks w ON w.tenant_id = ${tenantId} AND w.order_id = e.id
    UNION ALL SELECT 'download of ' || e.id FROM undone e JOIN downloads d ON d.tenant_id = ${tenantId} AND e.id IN (d.purchase_id, d.order_id)
    UNION ALL SELECT 'hold of ' || e.id FROM undone e JOIN allocations a ON a.tenant_id = ${tenantId} AND a.booking_id = e.booking_id WHERE e.reason = 'cancelled'
    UNION ALL SELECT 'vehicle of ' || e.id FROM undone e JOIN bookings b ON b.tenant_id = ${tenantId} AND b.id = e.booking_id
      JOIN resources v ON v.tenant_id = b.tenant_id AND v.id = b.resource_id WHERE e.reason = 'cancelled' AND v.owner_id = b.customer_id
    ORDER BY what`.execute(databases.write);
  return rows.map(({ what }) => what);
}
