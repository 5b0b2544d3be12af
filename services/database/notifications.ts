/** Reading what customers were told. */
import { sql, type Kysely } from 'kysely';
import type { ListNotifications, NotificationView } from '../../contracts/notifications.ts';
import type { Page } from '../../contracts/values.ts';
import { decodeCursor, ReadRefused, toPage } from './paging.ts';
import type { Database } from './schema.ts';

/** Newest first. */
export async function listNotifications(db: Kysely<Database>, tenantId: string, filter: ListNotifications): Promise<Page<NotificationView>> {
  // A JavaScript date has milliseconds, a row has microseconds: a cursor of milliseconds would skip or repeat rows.
  const micros = sql<number>`(extract(epoch FROM created_at) * 1000000)::bigint`;
  let query = db
    .selectFrom('notifications')
    .select(['id', 'audience', 'customer_id', 'template', 'subject_id', 'data', 'created_at', micros.as('micros')])
    .where('tenant_id', '=', tenantId)
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(filter.limit + 1);
  if (filter.customerId !== undefined) query = query.where('customer_id', '=', filter.customerId);
  if (filter.audience !== undefined) query = query.where('audience', '=', filter.audience);
  if (filter.cursor !== undefined) {
    const after = positionOf(filter.cursor);
    query = query.where(sql<boolean>`(created_at, id) < (timestamptz 'epoch' + ${after.micros}::bigint * interval '1 microsecond', ${after.id}::text)`);
  }
  return toPage(
    await query.execute(),
    filter.limit,
    (row) => `${row.micros} ${row.id}`,
    (row) => ({ id: row.id, audience: row.audience, customerId: row.customer_id, template: row.template, subjectId: row.subject_id, data: row.data, createdAt: row.created_at.toISOString() }),
  );
}

function positionOf(cursor: string): { micros: string; id: string } {
  const [, micros, id] = /^(\d{1,16}) (.+)$/su.exec(decodeCursor(cursor)) ?? [];
  if (micros === undefined || id === undefined) throw new ReadRefused('invalid_cursor', 'Pass `nextCursor` of the page before, unchanged.');
  return { micros, id };
}
