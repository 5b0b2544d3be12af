import { expect, test } from '@jest/globals';
import { cancelled } from '@temporalio/activity';
import { keepHouse } from '../support/chores.ts';
import { eventually } from '../support/http.ts';

test('a chore that takes long, and others that fail, keep none from being done again', async () => {
  const shifts = { fresh: 0, swept: 0 };
  const fails = async (): Promise<never> => await Promise.reject(new Error('the database is away'));
  const { handle, close } = await keepHouse({
    keepAvailabilityFresh: async () => {
      shifts.fresh += 1;
      await cancelled();
      return 0;
    },
    redeliverWebhooks: async () => await Promise.resolve((shifts.swept += 1)),
    forgetOldIdempotencyKeys: fails,
    endUnbegun: fails,
    startUnbegunImports: fails,
  });
  try {
    await eventually('the sweep to be begun again', () => Promise.resolve(shifts.swept >= 3), 30_000);
    expect(shifts.fresh).toBe(1);
  } finally {
    await handle.terminate();
    await close();
  }
});
