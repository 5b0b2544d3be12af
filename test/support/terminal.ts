/** Loaded before the command: its standard output and error then pass for a terminal of 120 columns. */
import { WriteStream } from 'node:tty';

// What a real terminal answers, NO_COLOR and the like included.
const terminal = Object.create(WriteStream.prototype) as WriteStream;

for (const stream of [process.stdout, process.stderr]) {
  Object.assign(stream, { isTTY: true, columns: 120, rows: 40, getColorDepth: () => terminal.getColorDepth(), hasColors: (count?: number) => terminal.hasColors(count) });
}
