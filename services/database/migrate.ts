/** Brings the schema up to date. Safe to run from several processes at once: kysely takes an advisory lock. */
import { Migrator, type Kysely, type Migration } from 'kysely';
import * as bookings from './migrations/001-bookings.ts';
import * as rateLimits from './migrations/002-rate-limits.ts';
import * as payments from './migrations/003-payments.ts';
import * as marketplace from './migrations/004-marketplace.ts';
import * as orders from './migrations/005-orders.ts';
import * as invoices from './migrations/006-invoices.ts';
import * as reconciliation from './migrations/007-reconciliation.ts';
import * as imports from './migrations/008-imports.ts';
import * as exportTables from './migrations/009-exports.ts';
import * as uploads from './migrations/010-uploads.ts';
import * as orderDownloads from './migrations/011-order-downloads.ts';
import * as shopLogo from './migrations/012-shop-logo.ts';
import * as refundsSent from './migrations/013-refunds-sent.ts';
import type { Database } from './schema.ts';

const migrations: Record<string, Migration> = {
  '001-bookings': bookings,
  '002-rate-limits': rateLimits,
  '003-payments': payments,
  '004-marketplace': marketplace,
  '005-orders': orders,
  '006-invoices': invoices,
  '007-reconciliation': reconciliation,
  '008-imports': imports,
  '009-exports': exportTables,
  '010-uploads': uploads,
  '011-order-downloads': orderDownloads,
  '012-shop-logo': shopLogo,
  '013-refunds-sent': refundsSent,
};

/** @returns the names of the migrations that were applied, none when the schema was already current. */
export async function migrate(db: Kysely<Database>): Promise<string[]> {
  const migrator = new Migrator({ db, provider: { getMigrations: () => Promise.resolve(migrations) } });
  const { error, results } = await migrator.migrateToLatest();
  const failed = results?.find((result) => result.status === 'Error');
  if (error !== undefined) throw new Error(failed === undefined ? 'The migrations could not be started.' : `Migration ${failed.migrationName} failed. The database was left as it was before it.`, { cause: error });
  return (results ?? []).map((result) => result.migrationName);
}
