/** What `holdfast up` does when the stack is ready: fill an empty catalogue, show real flows, say what to try. */
import { readSettings } from '../../config/settings.ts';
import type { StackInfo } from '../../stack/info.ts';
import { seed } from '../../stack/seed.ts';
import { runShowcase } from '../../stack/showcase/index.ts';
import { commandsToTry } from './commands-to-try.ts';
import { createView } from './view.ts';

export interface AfterReadyOptions {
  readonly once: boolean;
  readonly showcase: boolean;
  /** Told what went wrong while the stack stays up. */
  readonly onError: (error: unknown) => void;
}

/** @returns whether every flow ended as it should. With `once` a failure is thrown; else the stack stays up regardless. */
export async function afterReady(stack: StackInfo, options: AfterReadyOptions): Promise<boolean> {
  const stopping = new AbortController();
  const stop = (): void => { stopping.abort(); };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.once(signal, stop);
  try {
    return await introduce(stack, options, stopping.signal);
  } catch (error) {
    if (options.once) throw error;
    if (!stopping.signal.aborted) options.onError(error);
    return false;
  } finally {
    for (const signal of signals) process.off(signal, stop);
  }
}

async function introduce(stack: StackInfo, { once, showcase }: AfterReadyOptions, signal: AbortSignal): Promise<boolean> {
  const { resources, products } = await seed(stack, readSettings().storageUrl);
  if (resources > 0) process.stdout.write(`The catalogue was empty: ${resources} things to book were added.\n`);
  if (products > 0) process.stdout.write(`There was nothing on sale: ${products} products were added.\n`);
  const passed = !showcase || (await runShowcase(stack, { view: createView(process.stdout), interactive: !once, signal }));
  if (!once && !signal.aborted) process.stdout.write(await commandsToTry(stack));
  return passed;
}
