import { sql, type Kysely } from 'kysely';

/** The picture at the top of a shop's invoices: where it is in the storage. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`ALTER TABLE tenants ADD COLUMN logo_key text`.execute(db);
}
