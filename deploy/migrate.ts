/**
 * The step before anything of Holdfast starts: the schema of the database, and a row for each tenant that has an API
 * key. Safe to repeat and to run beside running workers: `node deploy/migrate.ts`.
 */
import { readSettings, required, SettingsError } from '../config/settings.ts';
import { openDatabases } from '../services/database/connection.ts';
import { migrate } from '../services/database/migrate.ts';
import { ensureTenants } from '../services/database/tenants.ts';

async function main(): Promise<void> {
  const settings = readSettings();
  const databases = openDatabases({ writeUrl: required(settings.databaseUrl, 'HOLDFAST_DATABASE_URL'), applicationName: 'holdfast-migrate' });
  try {
    const applied = await migrate(databases.write);
    const tenants = [...new Set(settings.apiKeys.map(({ tenantId }) => tenantId))];
    await ensureTenants(databases.write, tenants);
    process.stdout.write(`Migrations applied: ${applied.join(', ') || 'none, the schema is current'}. Tenants with a key: ${tenants.length}.\n`);
  } finally {
    await databases.close();
  }
}

try {
  await main();
} catch (error) {
  const cause = error instanceof Error && error.cause instanceof Error ? ` ${error.cause.message}` : '';
  process.stderr.write(error instanceof SettingsError ? `${error.message}\n` : `${error instanceof Error ? error.message : String(error)}${cause}\n`);
  process.exitCode = 1;
}
