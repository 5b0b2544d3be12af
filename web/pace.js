/** How often the page may ask: it leaves half of what the rate limit still allows to people and programs. */

/**
 * @typedef {object} Pace
 * @property {(headers: { get: (name: string) => string | null }) => void} heed
 * @property {() => number} spacingMs Between two calls. 0 when there is no limit.
 */

/** @returns {Pace} */
export function createPace() {
  let spacing = 0;
  return {
    heed: (headers) => {
      const remaining = headers.get('ratelimit-remaining');
      if (remaining === null) return;
      spacing = (Number(headers.get('ratelimit-reset') ?? 60) * 1000) / Math.max(Number(remaining) / 2, 1);
    },
    spacingMs: () => spacing,
  };
}
