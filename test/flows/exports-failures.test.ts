import '../support/realm.ts';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { exportWorkflowId } from '../../contracts/flows.ts';
import { findExport } from '../../services/database/exports/queries.ts';
import { TooLarge, type ExportWriter } from '../../services/exports/index.ts';
import { StorageFailed } from '../../services/storage/storage.ts';
import { startSkippingWorld, type SkippingWorld } from '../support/time-skipping.ts';

describe('an export that cannot be written', () => {
  let world: SkippingWorld;
  let trouble: Error;
  let attempts = 0;
  beforeAll(async () => {
    const exportWriter: ExportWriter = {
      write: async () => {
        attempts += 1;
        return await Promise.reject(trouble);
      },
      close: async () => await Promise.resolve(),
    };
    world = await startSkippingWorld(`export-failures-${process.pid}`, { exportWriter });
  });
  afterAll(async () => await world?.close());

  const result = async (id: string): Promise<unknown> => await world.client.workflow.getHandle(exportWorkflowId(id)).result();
  const told = async (id: string): Promise<unknown[]> => await world.databases.write.selectFrom('notifications').select(['customer_id', 'template', 'data']).where('subject_id', '=', id).execute();

  test('is tried five times, then has failed, and whoever asked for it is told', async () => {
    trouble = new StorageFailed('take a file', 'ENOSPC secret-bucket');
    attempts = 0;
    const { id } = await world.holdfast.exports.start({ dataset: 'users', format: 'csv', requestedBy: 'olga' });
    await world.environment.sleep(10 * 60_000);
    await expect(result(id)).rejects.toMatchObject({ cause: { type: 'storage_unavailable' } });
    expect(attempts).toBe(5);
    expect((await findExport(world.databases.write, world.tenantId, id))?.state).toMatchObject({ status: 'failed', reason: 'storage_unavailable', detail: 'The file storage does not answer.' });
    expect(await told(id)).toEqual([{ customer_id: 'olga', template: 'export_failed', data: expect.objectContaining({ reason: 'storage_unavailable' }) }]);
    const history = JSON.stringify(await world.client.workflow.getHandle(exportWorkflowId(id)).fetchHistory());
    const decoded = [...history.matchAll(/"data":"([^"]+)"/g)].map(([, data]) => Buffer.from(data ?? '', 'base64').toString()).join('\n');
    expect(`${history}${decoded}`).not.toContain('secret-bucket');
  });

  test('because it is too large fails at once, with what to do about it', async () => {
    trouble = new TooLarge('A PDF has at most 20,000 rows, and these are 20,001. Narrow them down.');
    attempts = 0;
    const { id } = await world.holdfast.exports.start({ dataset: 'users', format: 'pdf' });
    expect(await result(id)).toMatchObject({ status: 'failed', reason: 'export_too_large', detail: trouble.message });
    expect(attempts).toBe(1);
    expect(await told(id)).toHaveLength(1);
  });
});
