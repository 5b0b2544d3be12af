/** What a person sees of the showcase: one line for each thing that was expected, as it happens. */
import type { View } from '../../stack/showcase/view.ts';
import { duration, fitted, padded, safe, styled, type Style } from '../text.ts';

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const frameMs = 80;
const didWidth = 36;
const expectedWidth = 24;
const sawWidth = 30;
/** What one line needs; a narrower terminal gets two. */
const lineWidth = didWidth + expectedWidth + sawWidth + 30;

/** A live view on a terminal, plain lines everywhere else. */
export function createView(stream: NodeJS.WriteStream): View {
  const live = stream.isTTY;
  const paint = (style: Style, text: string): string => styled(style, text, stream);
  let current: { did: string; since: number } | undefined;
  let timer: NodeJS.Timeout | undefined;
  let shownUrl: string | undefined;

  const erase = (): void => {
    if (current !== undefined) stream.write('\r\u001b[J');
  };
  const draw = (): void => {
    if (current === undefined) return;
    const elapsedMs = Date.now() - current.since;
    const text = `  ${frames[Math.floor(elapsedMs / frameMs) % frames.length] ?? ''} ${current.did}  ${duration(elapsedMs)}`;
    // Drawn one line further down, with the cursor left on an empty line: what the supervisor says meanwhile fits there.
    stream.write(`\r\u001b[J\n${paint('dim', fitted(text, Math.max(stream.columns - 1, 20)))}\r\u001b[1A`);
  };
  const write = (text: string): void => {
    erase();
    current = undefined;
    stream.write(`${text}\n`);
  };

  return {
    scene: (title) => {
      shownUrl = undefined;
      write(`\n  ${paint('bold', safe(title))}`);
    },
    working: (did) => {
      if (!live) return;
      erase();
      current = { did: safe(did), since: Date.now() };
      timer ??= setInterval(draw, frameMs);
      draw();
    },
    seen: ({ ok, did, expected, saw, tookMs, url }) => {
      const mark = ok ? paint('green', '✔') : paint('red', '✖');
      const time = duration(tookMs);
      const sight = (text: string): string => (ok ? text : paint('red', text));
      if (live && stream.columns < lineWidth) {
        write(`  ${mark} ${safe(did)} ${paint('dim', time)}`);
        stream.write(`    ${paint('dim', 'expected')} ${safe(expected)}, ${paint('dim', 'saw')} ${sight(safe(saw))}\n`);
      } else {
        write(`  ${mark} ${padded(safe(did), didWidth)} ${paint('dim', 'expected')} ${padded(safe(expected), expectedWidth)} ${paint('dim', 'saw')} ${sight(padded(safe(saw), sawWidth))} ${paint('dim', time.padStart(7))}`);
      }
      // Lines about one flow follow each other, and its address stands under the first.
      if (url !== undefined && url !== shownUrl) stream.write(`    ${paint('dim', safe(url))}\n`);
      shownUrl = url ?? shownUrl;
    },
    note: (text) => {
      write(`    ${safe(text)}`);
    },
    summary: ({ ok, endedAsTheyShould, others, left, tookMs }) => {
      const rest = left === 0 ? '' : `; ${left} ${left === 1 ? 'goes on and ends by itself' : 'go on and end by themselves'}`;
      write(`\n  ${ok ? paint('green', '✔') : paint('red', '✖')} ${paint('bold', `${endedAsTheyShould} flows ended as they should, ${others.length} did not`)}${rest} ${paint('dim', `(${duration(tookMs)})`)}`);
      for (const { id, why, url } of others) stream.write(`    ${paint('red', safe(id))} ${safe(why)}\n${url === undefined ? '' : `      ${paint('dim', safe(url))}\n`}`);
      stream.write('\n');
    },
    close: () => {
      erase();
      current = undefined;
      clearInterval(timer);
    },
  };
}
