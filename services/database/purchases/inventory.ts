/** How many there are, held and sold: counted anew each time, so that nothing can add up wrongly. */
import { sql, type Kysely } from 'kysely';
import type { InventoryStatistics } from '../../../contracts/products.ts';
import type { Database } from '../schema.ts';

/** Of a room, what counts is tonight. */
export async function refreshInventoryStatistics(db: Kysely<Database>, tenantId: string): Promise<void> {
  await db.transaction().execute(async (tx) => {
    // Of two refreshers at once, the one that counts later also writes later.
    await sql`SELECT pg_advisory_xact_lock(hashtextextended(${`inventory/${tenantId}`}, 0))`.execute(tx);
    await sql`
      INSERT INTO inventory_statistics (tenant_id, kind, total, held, sold, refreshed_at)
      SELECT ${tenantId}, resource.kind, sum(resource.capacity), coalesce(sum(taken.held), 0), coalesce(sum(taken.sold), 0), now()
      FROM resources AS resource
      LEFT JOIN (
        SELECT unit.resource_id,
          count(*) FILTER (WHERE booking.status = 'held' AND booking.hold_expires_at > now()) AS held,
          count(*) FILTER (WHERE booking.status = 'confirmed') AS sold
        FROM allocations AS unit
        JOIN bookings AS booking ON booking.tenant_id = unit.tenant_id AND booking.id = unit.booking_id
        WHERE unit.tenant_id = ${tenantId} AND unit.period @> now()
        GROUP BY unit.resource_id
      ) AS taken ON taken.resource_id = resource.id
      WHERE resource.tenant_id = ${tenantId}
      GROUP BY resource.kind
      ON CONFLICT (tenant_id, kind) DO UPDATE SET total = excluded.total, held = excluded.held, sold = excluded.sold, refreshed_at = excluded.refreshed_at`.execute(tx);
  });
}

export async function listInventoryStatistics(db: Kysely<Database>, tenantId: string): Promise<InventoryStatistics[]> {
  const rows = await db.selectFrom('inventory_statistics').selectAll().where('tenant_id', '=', tenantId).orderBy('kind').execute();
  return rows.map(({ kind, total, held, sold, refreshed_at }) => ({ kind, total, held, sold, refreshedAt: refreshed_at.toISOString() }));
}
