/** Chance that can be had again: `HOLDFAST_TEST_SEED=<seed>` makes the choices of an earlier run. */
import { hash, randomBytes } from 'node:crypto';

export const testSeed = process.env['HOLDFAST_TEST_SEED'] ?? randomBytes(5).toString('hex');

/** From 0 up to, not including, 1: always the same for one purpose of one seed. */
export const chance = (purpose: string): number => Number.parseInt(hash('sha256', `${testSeed}/${purpose}`).slice(0, 12), 16) / 0x1_0000_0000_0000;

/** One of the choices, each as likely as its weight says. */
export function pick<Choice extends { readonly weight: number }>(purpose: string, choices: readonly [Choice, ...Choice[]]): Choice {
  let left = chance(purpose) * choices.reduce((sum, { weight }) => sum + weight, 0);
  return choices.find(({ weight }) => (left -= weight) < 0) ?? choices[0];
}
