/**
 * The log of one part: one JSON object a line, whatever the part itself writes, and never a secret. Writing must not be
 * able to stop the stack: when the disk is full, lines are lost, and nothing else.
 */
import { closeSync, fstatSync, openSync, renameSync, statSync, writeSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import type { Readable } from 'node:stream';

const rotateBytes = 10 * 1024 * 1024;
const longestLine = 64 * 1024;
const tailLines = 30;

export class LogFile {
  readonly path: string;
  readonly #part: string;
  readonly #secrets: readonly string[];
  #file: number | undefined;
  #size = 0;
  #tail: string[] = [];

  constructor(path: string, part: string, secrets: readonly string[]) {
    this.path = path;
    this.#part = part;
    this.#secrets = secrets.filter((secret) => secret.length >= 6);
    try {
      if (statSync(path).size > rotateBytes) renameSync(path, `${path}.1`);
    } catch {
      // There is no log yet.
    }
    this.#open();
  }

  #open(): void {
    try {
      this.#file = openSync(this.path, 'a', 0o600);
      this.#size = fstatSync(this.#file).size;
    } catch {
      this.#file = undefined;
    }
  }

  /** Everything that the stream says, line by line. */
  follow(stream: Readable): void {
    const decoder = new StringDecoder('utf8');
    let rest = '';
    stream.on('data', (chunk: Buffer) => {
      const lines = (rest + decoder.write(chunk)).split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > longestLine) {
        lines.push(rest);
        rest = '';
      }
      for (const line of lines) this.line(line);
    });
    stream.on('end', () => { if (rest !== '') this.line(rest); });
    stream.on('error', () => undefined);
  }

  line(raw: string): void {
    const text = this.#redact(raw.trimEnd().slice(0, longestLine));
    if (text === '') return;
    this.#tail.push(text);
    if (this.#tail.length > tailLines) this.#tail.shift();
    const structured = text.startsWith('{') && text.endsWith('}');
    this.#write(`${structured ? text : JSON.stringify({ level: 30, time: new Date().toISOString(), part: this.#part, msg: text })}\n`);
  }

  /** What the supervisor itself has to say about the part. */
  event(msg: string, fields: Readonly<Record<string, unknown>> = {}): void {
    this.#write(`${this.#redact(JSON.stringify({ level: 40, time: new Date().toISOString(), part: this.#part, ...fields, msg }))}\n`);
  }

  /** The last lines, for a message about a part that does not start. */
  tail(count: number): string[] {
    return this.#tail.slice(-count);
  }

  #redact(text: string): string {
    let safe = text;
    for (const secret of this.#secrets) if (safe.includes(secret)) safe = safe.replaceAll(secret, '[redacted]');
    return safe;
  }

  #write(text: string): void {
    try {
      if (this.#size > rotateBytes) {
        this.close();
        renameSync(this.path, `${this.path}.1`);
        this.#open();
      }
      if (this.#file === undefined) this.#open();
      if (this.#file !== undefined) this.#size += writeSync(this.#file, text);
    } catch {
      // A full disk costs log lines; the part keeps running.
    }
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}
