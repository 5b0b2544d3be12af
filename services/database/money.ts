/** Arithmetic on money: integers in minor units, and nothing is ever lost or made by rounding. */

/**
 * Splits a total by weights: the parts sum to the total exactly, and each is within one minor unit of its fair share.
 * @param total minor units, not negative. @param weights not negative; their sum must be positive if the total is.
 */
export function split(total: number, weights: readonly number[]): number[] {
  const sum = weights.reduce((whole, weight) => whole + BigInt(weight), 0n);
  if (sum === 0n) {
    if (total !== 0) throw new RangeError('there is nothing to split by');
    return weights.map(() => 0);
  }
  // Cut at the rounded-down cumulative shares: products can be beyond 2^53.
  let passed = 0n;
  let cut = 0n;
  return weights.map((weight) => {
    passed += BigInt(weight);
    const next = (BigInt(total) * passed) / sum;
    const part = next - cut;
    cut = next;
    return Number(part);
  });
}

/** A share of an amount, e.g. a fee, rounded half up. @param basisPoints hundredths of a per cent, 0 to 10,000. */
export function shareOf(amountMinor: number, basisPoints: number): number {
  return Number((BigInt(amountMinor) * BigInt(basisPoints) + 5_000n) / 10_000n);
}
