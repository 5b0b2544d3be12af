/** One history of each way an export can go. */
import { sql } from 'kysely';
import { newExportId } from '../../client/index.ts';
import { maxPdfRows } from '../../contracts/exports/flow.ts';
import { exportWorkflowId } from '../../contracts/flows.ts';
import type { SkippingWorld } from '../support/time-skipping.ts';
import type { Write } from './record-payments.ts';

export async function recordExports({ holdfast, databases, tenantId }: SkippingWorld, write: Write): Promise<void> {
  await sql`INSERT INTO users (tenant_id, external_id, email, import_no, import_position) SELECT ${tenantId}, 'u-' || n, 'u' || n || '@example.org', 1, n FROM generate_series(1, ${maxPdfRows + 1}::integer) AS n ON CONFLICT DO NOTHING`.execute(databases.write);

  const ready = await holdfast.exports.start({ dataset: 'bookings', format: 'csv', filters: { status: 'held' }, requestedBy: 'olga' });
  await write('export-ready', exportWorkflowId(ready.id));

  const tooLarge = await holdfast.exports.start({ dataset: 'users', format: 'pdf' });
  await write('export-too-large', exportWorkflowId(tooLarge.id));

  const id = newExportId();
  await holdfast.exports.start({ id, dataset: 'users', format: 'xlsx' });
  await holdfast.exports.cancel(id);
  await write('export-cancelled', exportWorkflowId(id));
}
