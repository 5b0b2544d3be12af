/** Direct questions to PostgreSQL, and a tenant of one's own for each test file. */
import { openDatabases, type Databases } from '../../services/database/connection.ts';
import { putResource } from '../../services/database/resources.ts';
import type { PutResource } from '../../contracts/resources.ts';
import { testStack } from './environment.ts';

export async function openTestDatabase(): Promise<Databases> {
  const { databaseUrl } = await testStack();
  return openDatabases({ writeUrl: databaseUrl, applicationName: 'holdfast-test' });
}

export async function createTenant(databases: Databases, tenantId: string): Promise<void> {
  await databases.write.insertInto('tenants').values({ id: tenantId, name: tenantId }).onConflict((conflict) => conflict.doNothing()).execute();
}

export const someRoom: PutResource = { kind: 'room', name: 'Room with a view', price: 9_000, currency: 'EUR' };
export const someCar: PutResource = { kind: 'vehicle', name: 'Estate car', price: 1_200_000, currency: 'EUR' };
export const someConcert: PutResource = { kind: 'event', name: 'Concert', price: 3_500, currency: 'EUR', capacity: 5 };

let made = 0;

/** A resource that no other test touches. */
export async function createResource(databases: Databases, tenantId: string, body: PutResource): Promise<string> {
  made += 1;
  const id = `${body.kind}-${process.pid}-${Date.now().toString(36)}-${made}`;
  await putResource(databases.write, tenantId, id, body);
  return id;
}
