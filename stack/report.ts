/** What the person at the terminal sees: one line a step, with the time it took; progress only while a step is long. */
import { styleText } from 'node:util';

export interface Report {
  /** Runs one step and prints its outcome. The step may say how far it is. */
  step<Value>(title: string, work: (progress: (detail: string) => void) => Promise<Value>): Promise<Value>;
  note(message: string): void;
  warn(message: string): void;
}

export const silentReport: Report = {
  step: async (_title, work) => await work(() => undefined),
  note: () => undefined,
  warn: () => undefined,
};

export function seconds(ms: number): string {
  const total = Math.round(ms / 1000);
  return ms < 60_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.floor(total / 60)} min ${String(total % 60).padStart(2, '0')} s`;
}

// Where lines cannot be rewritten, a long step says how far it is this often.
const plainProgressMs = 15_000;
const frameMs = 250;

/** @param onLine where everything that was said is also written down. */
export function createTerminalReport(stream: NodeJS.WriteStream, onLine: (line: string) => void = () => undefined): Report {
  const live = stream.isTTY && stream.columns > 20;
  const running = new Map<symbol, { title: string; detail: string; since: number }>();
  let drawn = false;
  let timer: NodeJS.Timeout | undefined;

  const paint = (style: 'green' | 'red' | 'yellow' | 'dim', text: string): string => (live ? styleText(style, text, { stream }) : text);
  const erase = (): void => {
    if (drawn) stream.write('\r\x1b[2K');
    drawn = false;
  };
  const draw = (): void => {
    const oldest = [...running.values()][0];
    erase();
    if (!live || oldest === undefined) return;
    const text = `… ${oldest.title}  ${seconds(Date.now() - oldest.since)}${oldest.detail === '' ? '' : `  ${oldest.detail}`}`;
    stream.write(paint('dim', text.slice(0, stream.columns - 1)));
    drawn = true;
  };
  const print = (mark: string, style: 'green' | 'red' | 'yellow' | 'dim', text: string): void => {
    erase();
    stream.write(`${paint(style, mark)} ${text}\n`);
    onLine(text);
    draw();
  };

  return {
    step: async (title, work) => {
      const id = Symbol(title);
      const state = { title, detail: '', since: Date.now() };
      running.set(id, state);
      timer ??= setInterval(draw, frameMs);
      draw();
      const plain = live ? undefined : setInterval(() => { stream.write(`… ${title}  ${seconds(Date.now() - state.since)}  ${state.detail}\n`); }, plainProgressMs);
      const finish = (): void => {
        clearInterval(plain);
        running.delete(id);
        if (running.size === 0) {
          clearInterval(timer);
          timer = undefined;
        }
      };
      try {
        const value = await work((detail) => { state.detail = detail; });
        finish();
        print('✔', 'green', `${title.padEnd(40)} ${paint('dim', seconds(Date.now() - state.since))}`);
        return value;
      } catch (error) {
        finish();
        print('✖', 'red', title);
        throw error;
      }
    },
    note: (message) => { print('•', 'dim', message); },
    warn: (message) => { print('!', 'yellow', message); },
  };
}
