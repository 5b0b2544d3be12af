/** Notices, written in the transaction of what they tell: whoever is told can rely on it, and nothing is told twice. */
import { sql, type Kysely, type RawBuilder } from 'kysely';
import type { Audience } from '../../contracts/notifications.ts';
import type { Database } from './schema.ts';

export interface Notice {
  readonly audience: Audience;
  /** The customer or seller who is told; for the administrators, whom it is about. */
  readonly recipientId: string;
  readonly template: string;
  /** What it is about. */
  readonly subjectId: string;
  readonly data: Readonly<Record<string, string | number>>;
}

/** @param dedupeKey tells two notices of the same template about the same thing apart. */
export async function writeNotices(db: Kysely<Database>, tenantId: string, notices: readonly Notice[], dedupeKey = ''): Promise<void> {
  if (notices.length > 0) await noticesOf(tenantId, notices, dedupeKey).execute(db);
}

/** {@link writeNotices}, for a statement of which it is a part. At least one. */
export function noticesOf(tenantId: string, notices: readonly Notice[], dedupeKey = ''): RawBuilder<unknown> {
  const rows = notices.map((notice) => sql`(${tenantId}, ${idOf(notice, dedupeKey)}, ${notice.audience}, ${notice.recipientId}, ${notice.template}, ${notice.subjectId}, ${JSON.stringify(notice.data)})`);
  return sql`INSERT INTO notifications (tenant_id, id, audience, customer_id, template, subject_id, data) VALUES ${sql.join(rows)} ON CONFLICT (tenant_id, id) DO NOTHING`;
}

const idOf = ({ audience, recipientId, template, subjectId }: Notice, dedupeKey: string): string =>
  `ntf_${[template, subjectId, audience, ...(audience === 'seller' ? [recipientId] : []), dedupeKey].filter((part) => part !== '').join(':')}`;
