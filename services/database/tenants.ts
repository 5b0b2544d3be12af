/** Tenants, and the contacts that their customers gave. */
import { sql, type Kysely } from 'kysely';
import type { CustomerContact } from '../../contracts/bookings/schemas.ts';
import type { Database } from './schema.ts';

/** Every row of a tenant refers to its tenant, so that one has to exist first. Safe to repeat and to run in parallel. */
export async function ensureTenants(db: Kysely<Database>, tenantIds: readonly string[]): Promise<void> {
  if (tenantIds.length === 0) return;
  await db
    .insertInto('tenants')
    .values(tenantIds.map((id) => ({ id, name: id })))
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute();
}

/** Keeps what was given and leaves the rest of the contact as it was. */
export async function saveCustomer(db: Kysely<Database>, tenantId: string, customerId: string, contact: CustomerContact): Promise<void> {
  const given = { name: contact.name ?? null, email: contact.email ?? null, locale: contact.locale ?? null };
  await db
    .insertInto('customers')
    .values({ tenant_id: tenantId, id: customerId, ...given })
    .onConflict((conflict) =>
      conflict.columns(['tenant_id', 'id']).doUpdateSet({
        name: sql`coalesce(excluded.name, customers.name)`,
        email: sql`coalesce(excluded.email, customers.email)`,
        locale: sql`coalesce(excluded.locale, customers.locale)`,
        updated_at: sql`now()`,
      }),
    )
    .execute();
}
