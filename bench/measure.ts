/** Running a request many times and saying how long it took. */
export interface Measured {
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly perSecond: number;
}

/** @param request is called `requests` times in all, `concurrency` at a time. */
export async function measure(request: () => Promise<unknown>, { requests, concurrency }: { requests: number; concurrency: number }): Promise<Measured> {
  const times: number[] = [];
  let left = requests;
  const began = performance.now();
  const caller = async (): Promise<void> => {
    while (left-- > 0) {
      const start = performance.now();
      await request();
      times.push(performance.now() - start);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, caller));
  const tookMs = performance.now() - began;
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return { p50Ms: at(0.5), p95Ms: at(0.95), perSecond: (requests * 1000) / tookMs };
}

export const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
