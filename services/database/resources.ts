/** The catalogue, and the availability cache that searches read. */
import { sql, type Kysely } from 'kysely';
import type { Refusal } from '../../contracts/failures.ts';
import type { ListResources, PutResource, ResourceView } from '../../contracts/resources.ts';
import type { Page } from '../../contracts/values.ts';
import { decodeCursor, toPage } from './paging.ts';
import type { ResourceRow } from './bookings/rows.ts';
import type { Database } from './schema.ts';

function toResourceView(row: ResourceRow & { available?: number }): ResourceView {
  return {
    id: row.id,
    kind: row.kind,
    name: row.name,
    price: row.price_minor,
    currency: row.currency,
    capacity: row.capacity,
    attributes: row.attributes,
    ...(row.owner_id !== null && { ownerId: row.owner_id }),
    ...(row.sold_at !== null && { soldAt: row.sold_at.toISOString() }),
    ...(row.available !== undefined && { available: Math.max(row.available, 0) }),
  };
}

/** Creates or replaces. What would break bookings that exist (another kind, fewer units than are taken) is refused. */
export async function putResource(db: Kysely<Database>, tenantId: string, id: string, body: PutResource): Promise<{ view: ResourceView; created: boolean } | Refusal> {
  return await db.transaction().execute(async (tx) => {
    const capacity = body.capacity ?? 1;
    const values = { kind: body.kind, name: body.name, price_minor: body.price, currency: body.currency, capacity, attributes: JSON.stringify(body.attributes ?? {}) };
    const inserted = await tx
      .insertInto('resources')
      .values({ tenant_id: tenantId, id, ...values })
      .onConflict((conflict) => conflict.columns(['tenant_id', 'id']).doNothing())
      .returningAll()
      .executeTakeFirst();
    if (inserted !== undefined) return { view: toResourceView(inserted), created: true };

    const before = await tx.selectFrom('resources').selectAll().where('tenant_id', '=', tenantId).where('id', '=', id).forUpdate().executeTakeFirstOrThrow();
    const { highest } = await tx
      .selectFrom('allocations')
      .select(({ fn }) => fn.max('unit').as('highest'))
      .where('tenant_id', '=', tenantId)
      .where('resource_id', '=', id)
      // Stays that are over stand in nobody's way.
      .where(sql<boolean>`(upper(period) IS NULL OR upper(period) > now())`)
      .executeTakeFirstOrThrow();
    const unitsInUse = highest === null ? 0 : highest + 1;
    if (unitsInUse > 0 && before.kind !== body.kind) return { refused: 'resource_in_use', detail: `It has bookings as a ${before.kind}, so it cannot become a ${body.kind}.` };
    if (unitsInUse > capacity) return { refused: 'resource_in_use', detail: `Unit ${unitsInUse} is booked, so the capacity cannot be less than ${unitsInUse}.` };

    const updated = await tx.updateTable('resources').set({ ...values, updated_at: new Date() }).where('tenant_id', '=', tenantId).where('id', '=', id).returningAll().executeTakeFirstOrThrow();
    return { view: toResourceView(updated), created: false };
  });
}

export async function findResource(db: Kysely<Database>, tenantId: string, id: string): Promise<ResourceView | undefined> {
  const row = await db.selectFrom('resources').selectAll().where('tenant_id', '=', tenantId).where('id', '=', id).executeTakeFirst();
  return row === undefined ? undefined : toResourceView(row);
}

/**
 * Sorted by id. `available` comes from the cache: for the dates asked for, else for now. It can be behind by moments;
 * it never decides a booking.
 */
export async function listResources(db: Kysely<Database>, tenantId: string, filter: ListResources): Promise<Page<ResourceView>> {
  const period = filter.from === undefined || filter.to === undefined ? sql`tstzrange(now(), now(), '[]')` : sql`tstzrange(${filter.from}, ${filter.to}, '[)')`;
  const available = sql<number>`capacity - coalesce((
    SELECT max(a.taken) FROM availability AS a
    WHERE a.tenant_id = resources.tenant_id AND a.resource_id = resources.id AND a.period && ${period}), 0)`;
  let query = db.selectFrom('resources').selectAll().select(available.as('available')).where('tenant_id', '=', tenantId).orderBy('id').limit(filter.limit + 1);
  if (filter.kind !== undefined) query = query.where('kind', '=', filter.kind);
  if (filter.available === 'true') query = query.where(available, '>', 0);
  if (filter.available === 'false') query = query.where(available, '<=', 0);
  if (filter.cursor !== undefined) query = query.where('id', '>', decodeCursor(filter.cursor));
  return toPage(await query.execute(), filter.limit, (row) => row.id, toResourceView);
}

/**
 * Takes what the outbox has and recomputes those resources, in one transaction: a crash leaves the outbox as it was.
 * Two refreshers never take the same rows.
 * @returns how many changes were taken.
 */
export async function refreshAvailability(db: Kysely<Database>, atMost = 1000): Promise<number> {
  return await db.transaction().execute(async (tx) => {
    const { rows } = await sql<{ tenant_id: string; resource_id: string }>`
      DELETE FROM availability_changes WHERE seq IN (
        SELECT seq FROM availability_changes ORDER BY seq LIMIT ${atMost} FOR UPDATE SKIP LOCKED)
      RETURNING tenant_id, resource_id`.execute(tx);
    const stale = [...new Map(rows.map((row) => [`${row.tenant_id}\n${row.resource_id}`, row])).values()];
    if (stale.length === 0) return 0;
    const tenants = stale.map((row) => row.tenant_id);
    const resources = stale.map((row) => row.resource_id);
    // Two refreshers may meet at one resource through different changes; the second then waits and recomputes.
    await sql`
      SELECT pg_advisory_xact_lock(hashtextextended('availability' || t || '/' || r, 0))
      FROM unnest(${tenants}::text[], ${resources}::text[]) AS stale (t, r) ORDER BY t, r`.execute(tx);
    await sql`
      DELETE FROM availability USING unnest(${tenants}::text[], ${resources}::text[]) AS stale (t, r)
      WHERE tenant_id = t AND resource_id = r`.execute(tx);
    await sql`
      WITH steps AS (
        SELECT tenant_id, resource_id, lower(period) AS at, 1 AS change
        FROM allocations JOIN unnest(${tenants}::text[], ${resources}::text[]) AS stale (t, r) ON tenant_id = t AND resource_id = r
        WHERE upper(period) IS NULL OR upper(period) > now()
        UNION ALL
        SELECT tenant_id, resource_id, coalesce(upper(period), 'infinity'), -1
        FROM allocations JOIN unnest(${tenants}::text[], ${resources}::text[]) AS stale (t, r) ON tenant_id = t AND resource_id = r
        WHERE upper(period) IS NULL OR upper(period) > now()
      ), levels AS (
        SELECT tenant_id, resource_id, coalesce(at, '-infinity') AS starts,
          sum(sum(change)) OVER w AS taken, lead(coalesce(at, '-infinity')) OVER w AS ends
        FROM steps GROUP BY tenant_id, resource_id, coalesce(at, '-infinity')
        WINDOW w AS (PARTITION BY tenant_id, resource_id ORDER BY coalesce(at, '-infinity'))
      )
      INSERT INTO availability (tenant_id, resource_id, period, taken)
      SELECT tenant_id, resource_id, tstzrange(starts, ends, '[)'), taken FROM levels WHERE taken > 0`.execute(tx);
    return rows.length;
  });
}
