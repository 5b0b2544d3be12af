/** What every storage must do, whatever it is made of. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Storage } from '../../services/storage/storage.ts';

const pdf = { contentType: 'application/pdf' };
let made = 0;
const fresh = (): string => `acme/contract/${process.pid}-${(made += 1)}/file.pdf`;

export interface Subject {
  readonly storage: Storage;
  readonly url: string;
  /** Whatever is there of uploads that were not finished. */
  readonly leftovers: () => Promise<readonly string[]>;
  readonly environment?: Readonly<Record<string, string>>;
}

/** @param open called once, before the tests. */
export function keepsTheContract(name: string, open: () => Promise<Subject>): void {
  describe(`${name} as a storage`, () => {
    let subject: Subject;
    let storage: Storage;
    beforeAll(async () => {
      subject = await open();
      storage = subject.storage;
    });

    test('gives back what was put, with its size and type', async () => {
      const key = fresh();
      const bytes = Buffer.from([0, 255, 1, 254]);
      await storage.put(key, bytes, pdf);
      expect(await buffer(await storage.get(key))).toEqual(bytes);
      expect(await storage.stat(key)).toEqual({ bytes: 4, contentType: 'application/pdf' });
      expect(await subject.leftovers()).toEqual([]);
    });

    test.each([0, 1, 1_000_000, 8 * 1024 * 1024, 20_000_001])('gives back a stream of %i bytes', async (size) => {
      const key = fresh();
      await storage.put(key, pieces(size), pdf);
      expect(await storage.stat(key)).toEqual({ bytes: size, contentType: 'application/pdf' });
      expect((await buffer(await storage.get(key))).equals(await buffer(pieces(size)))).toBe(true);
      expect(await subject.leftovers()).toEqual([]);
    });

    test('replaces a file that is put again', async () => {
      const key = fresh();
      await storage.put(key, Buffer.from('old'), pdf);
      await storage.put(key, Readable.from([Buffer.from('newer')]), pdf);
      expect(await text(await storage.get(key))).toBe('newer');
    });

    test.each([100_000, 20_000_000])('keeps the old file and nothing of the new one if the stream breaks after %i bytes, and says why it broke', async (size) => {
      const key = fresh();
      await storage.put(key, Buffer.from('old'), pdf);
      await expect(storage.put(key, pieces(size, new Error('the line went dead')), pdf)).rejects.toThrow('the line went dead');
      expect(await text(await storage.get(key))).toBe('old');
      expect(await subject.leftovers()).toEqual([]);
    });

    test('has no file after a first put whose stream was destroyed', async () => {
      const key = fresh();
      const endless = pieces(Number.POSITIVE_INFINITY);
      const writing = storage.put(key, endless, pdf);
      setTimeout(() => endless.destroy(), 300);
      await expect(writing).rejects.toThrow();
      expect(await storage.stat(key)).toBeUndefined();
      expect(await subject.leftovers()).toEqual([]);
    });

    test('gives a range: the end is left out, and what lies behind the file too', async () => {
      const key = fresh();
      await storage.put(key, Buffer.from('0123456789'), pdf);
      const range = async (from: number, to: number): Promise<string> => await text(await storage.get(key, { from, to }));
      expect([await range(0, 3), await range(3, 4), await range(8, 100), await range(0, 10)]).toEqual(['012', '3', '89', '0123456789']);
      expect([await range(4, 4), await range(10, 20), await range(50, 60)]).toEqual(['', '', '']);
      for (const [from, to] of [[-1, 2], [5, 4], [0.5, 2], [0, Number.NaN]] as const) await expect(range(from, to)).rejects.toMatchObject({ name: 'RangeError' });
    });

    test('says that a file is missing, before any byte, whole or in part', async () => {
      const key = fresh();
      await expect(storage.get(key)).rejects.toMatchObject({ name: 'MissingFile' });
      await expect(storage.get(key, { from: 0, to: 5 })).rejects.toMatchObject({ name: 'MissingFile' });
      await expect(storage.get(key, { from: 5, to: 5 })).rejects.toMatchObject({ name: 'MissingFile' });
      expect(await storage.stat(key)).toBeUndefined();
    });

    test('removes a file, and is content if there is none', async () => {
      const key = fresh();
      await storage.put(key, Buffer.from('x'), pdf);
      await storage.remove(key);
      await storage.remove(key);
      expect(await storage.stat(key)).toBeUndefined();
      await expect(storage.get(key)).rejects.toMatchObject({ name: 'MissingFile' });
    });

    test('refuses a key that is not ours', async () => {
      for (const hostile of ['', 'a/b', '/acme/x/y', 'acme/../x', 'acme/x/..', 'acme/x/a b', 'Acme/x/y', 'acme/x/y\n']) {
        await expect(storage.put(hostile, Buffer.from('x'), pdf)).rejects.toMatchObject({ name: 'RangeError' });
        await expect(storage.get(hostile)).rejects.toMatchObject({ name: 'RangeError' });
        await expect(storage.stat(hostile)).rejects.toMatchObject({ name: 'RangeError' });
        await expect(storage.remove(hostile)).rejects.toMatchObject({ name: 'RangeError' });
      }
    });

    test('takes and gives 200 MB in the memory that 50 MB take', async () => {
      const [small, large] = [await mostAlive(subject, 50), await mostAlive(subject, 200)];
      expect(large - small).toBeLessThan(30);
    }, 120_000);
  });
}

/** `size` bytes that repeat only after a prime number of them; then the error, if there is one. */
function pieces(size: number, error?: Error): Readable {
  const pattern = Buffer.from(Array.from({ length: 65_521 }, (_, at) => (at * 31) % 251));
  return Readable.from((async function* () {
    for (let left = size; left > 0; left -= pattern.length) {
      yield pattern.subarray(0, Math.min(left, pattern.length));
      // As a line would: not all at once.
      await new Promise(setImmediate);
    }
    if (error !== undefined) throw error;
  })());
}

/** In MB, in a process that does nothing else. The garbage is collected before it looks: when that comes by itself is chance. */
async function mostAlive({ url, environment }: Subject, megabytes: number): Promise<number> {
  const script = `
    import { Readable } from 'node:stream';
    import { openStorage } from ${JSON.stringify(new URL('../../services/storage/storage.ts', import.meta.url).href)};
    const storage = openStorage(${JSON.stringify(url)});
    const mebibyte = 1024 * 1024;
    const key = 'acme/contract/memory/${megabytes}';
    let most = 0;
    const look = () => {
      gc();
      gc();
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      most = Math.max(most, (heapUsed + arrayBuffers) / mebibyte);
    };
    const pieces = function* () {
      for (let sent = 0; sent < ${megabytes}; sent += 1) {
        if (sent % 5 === 4) look();
        yield Buffer.alloc(mebibyte, 'x');
      }
      look();
    };
    await storage.put(key, Readable.from(pieces()), { contentType: 'text/plain' });
    let bytes = 0;
    let looked = 0;
    for await (const chunk of await storage.get(key)) {
      bytes += chunk.length;
      if (bytes - looked < 5 * mebibyte) continue;
      looked = bytes;
      look();
    }
    if (bytes !== ${megabytes} * mebibyte) throw new Error('it came back as ' + bytes);
    await storage.remove(key);
    process.stdout.write(String(most));`;
  const child = spawn(process.execPath, ['--expose-gc', '--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, NODE_OPTIONS: '', ...environment } });
  const said = text(child.stdout);
  const [code] = (await once(child, 'close')) as [number];
  expect(code).toBe(0);
  return Number(await said);
}
