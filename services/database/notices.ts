/** Notices, written in the transaction of what they tell: whoever is told can rely on it, and nothing is told twice. */
import type { Kysely } from 'kysely';
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
  if (notices.length === 0) return;
  await db
    .insertInto('notifications')
    .values(
      notices.map(({ audience, recipientId, template, subjectId, data }) => ({
        tenant_id: tenantId,
        id: ['ntf_', template, subjectId, audience, ...(audience === 'seller' ? [recipientId] : []), dedupeKey].filter((part) => part !== '').join(':').replace('ntf_:', 'ntf_'),
        audience,
        customer_id: recipientId,
        template,
        subject_id: subjectId,
        data: JSON.stringify(data),
      })),
    )
    .onConflict((conflict) => conflict.columns(['tenant_id', 'id']).doNothing())
    .execute();
}
