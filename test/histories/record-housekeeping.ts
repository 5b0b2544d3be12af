/** Housekeeping never ends; this is some of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { cancelled } from '@temporalio/activity';
import { keepHouse } from '../support/chores.ts';
import { eventually } from '../support/http.ts';
import { writerOf } from './write.ts';

export async function recordHousekeeping(): Promise<void> {
  let shifts = 0;
  const shift = async (ms: number): Promise<number> => {
    await sleep(ms);
    return (shifts += 1);
  };
  const { client, handle, close } = await keepHouse({
    keepAvailabilityFresh: async () => await shift(200),
    redeliverWebhooks: async () => (shifts < 8 ? await shift(50) : await cancelled().then(() => 0)),
    forgetOldIdempotencyKeys: async () => await shift(0),
    endUnbegun: async () => await Promise.reject(new Error('the database is away')),
    startUnbegunImports: async () => await shift(0),
  });
  await eventually('some shifts', () => Promise.resolve(shifts >= 8), 60_000);
  await handle.terminate();
  await writerOf(client)('housekeeping-each-at-its-own-pace', handle.workflowId);
  await close();
}
