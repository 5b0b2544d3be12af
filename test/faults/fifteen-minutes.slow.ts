/** 21 minutes of real time: only `npm run faults` runs this. The time-skipping tests show the same policy in seconds. */
import { expect, test } from '@jest/globals';
import { eventually } from '../support/http.ts';
import { createProduct, hold, statusOf } from '../support/product.ts';

const minute = 60_000;

test('holds expire at their time though the servers were killed meanwhile, and right after the start when the stack was down then', async () => {
  const product = await createProduct();
  try {
    await product.start();
    const began = Date.now();
    const at = async (minutes: number): Promise<void> => await new Promise((resolve) => setTimeout(resolve, began + minutes * minute - Date.now()));
    const flowOf = async (id: string): Promise<object> => (await (await product.shop()).call('GET', `/v1/flows/booking:${id}`)).body;
    const first = await hold(product, 'room-1');
    await at(2);
    await product.kill('temporal');
    await product.kill('postgres');
    await at(4);
    const second = await hold(product, 'room-2');
    await at(14.8);
    expect(await statusOf(product, first)).toBe('held');
    await at(15.25);
    expect(await flowOf(first)).toMatchObject({ status: 'completed', businessStatus: 'released' });
    await at(17);
    await product.killEverything();
    await at(20);
    await product.start();
    await eventually('the overdue release', async () => JSON.stringify(await flowOf(second)).includes('"businessStatus":"released"'), 30_000);
  } finally {
    await product.dispose();
  }
}, 25 * minute);
