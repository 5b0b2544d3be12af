import { expect, test } from '@jest/globals';
import { Turnstile } from '../../api/turnstile.ts';

/** Work that ends when it is told to. */
function gatedWork(): { readonly entered: () => number; readonly work: () => Promise<void>; readonly leave: () => void } {
  const leaving: (() => void)[] = [];
  let entered = 0;
  return {
    entered: () => entered,
    work: async () => {
      entered += 1;
      await new Promise<void>((resolve) => void leaving.push(resolve));
    },
    leave: () => leaving.shift()?.(),
  };
}

const settle = async (): Promise<void> => await new Promise((resolve) => setImmediate(resolve));

test('lets only so many in at once, the others in the order in which they came', async () => {
  const turnstile = new Turnstile(2, 60_000);
  const { entered, work, leave } = gatedWork();
  const all = Promise.all([1, 2, 3, 4].map(async () => await turnstile.pass('shop', work)));
  await settle();
  expect(entered()).toBe(2);
  leave();
  await settle();
  expect(entered()).toBe(3);
  for (let rest = 0; rest < 3; rest += 1) {
    leave();
    await settle();
  }
  await all;
  expect(entered()).toBe(4);
});

test('holds nobody up for another tenant', async () => {
  const turnstile = new Turnstile(1, 60_000);
  const crowd = gatedWork();
  const inside = turnstile.pass('crowded', crowd.work);
  await expect(turnstile.pass('quiet', async () => await Promise.resolve('in'))).resolves.toBe('in');
  crowd.leave();
  await inside;
});

test('gives the place of work that failed to the next', async () => {
  const turnstile = new Turnstile(1, 60_000);
  await expect(turnstile.pass('shop', async () => await Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  await expect(turnstile.pass('shop', async () => await Promise.resolve('in'))).resolves.toBe('in');
});

test('lets in whoever has waited long enough, though nobody has left', async () => {
  const turnstile = new Turnstile(1, 20);
  const { entered, work, leave } = gatedWork();
  const first = turnstile.pass('shop', work);
  const second = turnstile.pass('shop', work);
  while (entered() < 2) await settle();
  leave();
  leave();
  await Promise.all([first, second]);
});
