/** The one timer of the page: quick while something runs, slow otherwise, and off in a tab that nobody sees. */

const busyMs = 1_000;
const idleMs = 5_000;
/** While it cannot look. */
const missedMs = [2_000, 4_000, 8_000, 15_000];

/**
 * @param {object} options
 * @param {() => Promise<boolean>} options.look Whether something runs.
 * @param {() => number} options.leastMs What the rate limit asks for after this look.
 * @param {(error: unknown) => void} options.onError
 */
export function createPoller({ look, leastMs, onError }) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let on = false;
  let looking = false;
  let again = false;
  let misses = 0;

  async function turn() {
    clearTimeout(timer);
    if (!on || document.hidden) return;
    if (looking) {
      again = true;
      return;
    }
    looking = true;
    again = false;
    const pauseMs = await once();
    looking = false;
    if (on && !document.hidden) timer = setTimeout(start, again ? 0 : pauseMs);
  }

  async function once() {
    try {
      const running = await look();
      misses = 0;
      return Math.max(running ? busyMs : idleMs, leastMs());
    } catch (error) {
      onError(error);
      misses += 1;
      return missedMs[Math.min(misses, missedMs.length) - 1] ?? idleMs;
    }
  }

  const start = () => {
    turn().catch(onError);
  };

  document.addEventListener('visibilitychange', start);
  return {
    /** Looks at once, and then on. */
    start: () => {
      on = true;
      start();
    },
    stop: () => {
      on = false;
      clearTimeout(timer);
    },
  };
}
