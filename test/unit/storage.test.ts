import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { openStorage } from '../../services/storage/storage.ts';
import { keepsTheContract } from '../support/storage-contract.ts';

const key = 'acme/invoices/inv_01jz/2025-000001.pdf';
const pdf = { contentType: 'application/pdf' };
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-storage-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const open = () => openStorage(pathToFileURL(folder).href);
const unfinished = async () => await readdir(join(folder, '.unfinished')).catch(() => []);

const shared = await mkdtemp(join(tmpdir(), 'holdfast-storage-contract-'));
afterAll(async () => await rm(shared, { recursive: true, force: true }));
keepsTheContract('a folder', async () => {
  const url = pathToFileURL(shared).href;
  return await Promise.resolve({ storage: openStorage(url), url, leftovers: async () => await readdir(join(shared, '.unfinished')) });
});

describe('a storage in a folder', () => {
  test('replaces a file that is put again, and a reader who had begun keeps the old one', async () => {
    const storage = open();
    await storage.put(key, Buffer.from('old'), pdf);
    const reader = await storage.get(key);
    await storage.put(key, Buffer.from('newer'), pdf);
    expect(await text(reader)).toBe('old');
    expect(await text(await storage.get(key))).toBe('newer');
  });

  test('shows nothing of a file whose writer was killed, and clears it away when it is a day old', async () => {
    const script = `
      import { Readable } from 'node:stream';
      import { openStorage } from ${JSON.stringify(new URL('../../services/storage/storage.ts', import.meta.url).href)};
      const endless = Readable.from((async function* () { for (;;) { yield Buffer.alloc(65536); await new Promise((done) => setTimeout(done, 5)); } })());
      await openStorage(${JSON.stringify(pathToFileURL(folder).href)}).put(${JSON.stringify(key)}, endless, { contentType: 'application/pdf' });`;
    const writer = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'ignore' });
    const exited = once(writer, 'exit');
    let written = 0;
    for (let tries = 0; written < 65_536 && tries < 1000; tries += 1) {
      await sleep(10);
      const [name] = await unfinished();
      written = name === undefined ? 0 : (await stat(join(folder, '.unfinished', name))).size;
    }
    expect(written).toBeGreaterThanOrEqual(65_536);
    writer.kill('SIGKILL');
    await exited;
    expect(await open().stat(key)).toBeUndefined();

    const [left = ''] = await unfinished();
    await open().put(key, Buffer.from('again'), pdf);
    expect(await unfinished()).toEqual([left]);
    const yesterday = new Date(Date.now() - 25 * 60 * 60 * 1000);
    await utimes(join(folder, '.unfinished', left), yesterday, yesterday);
    await open().put(key, Buffer.from('again'), pdf);
    expect(await unfinished()).toEqual([]);
  });

  test.each(['', 'a', 'a/b', '/acme/invoices/x', 'acme//x', 'acme/../x', 'acme/invoices/..', 'acme/./x', 'acme/invoices/.hidden', 'acme/invoices/x/', 'acme/invoices/a..b', 'acme/invoices/x.', 'acme/invoices/Ünï', 'acme/invoices/a b', 'acme/invoices/a\u0000b', 'acme\\invoices\\x', 'Acme/invoices/x', `acme/invoices/${'x'.repeat(129)}`, `${'a/'.repeat(10)}x`, 'acme/invoices/x\n', 'acme/invoices/%2e%2e'])('refuses the key %j', async (hostile) => {
    const storage = open();
    await writeFile(join(folder, 'outside'), 'secret');
    await expect(storage.put(hostile, Buffer.from('x'), pdf)).rejects.toMatchObject({ name: 'RangeError' });
    await expect(storage.get(hostile)).rejects.toMatchObject({ name: 'RangeError' });
    await expect(storage.stat(hostile)).rejects.toMatchObject({ name: 'RangeError' });
    await expect(storage.remove(hostile)).rejects.toMatchObject({ name: 'RangeError' });
    expect((await readdir(folder)).filter((name) => name !== '.unfinished')).toEqual(['outside']);
  });
});

describe('a storage URL', () => {
  test('may be relative to the working directory', async () => {
    const before = process.cwd();
    process.chdir(folder);
    try {
      await openStorage('file:files').put(key, Buffer.from('x'), pdf);
    } finally {
      process.chdir(before);
    }
    expect((await stat(join(folder, 'files', key))).size).toBe(1);
  });

  test.each([['https://example.com', /needs a file: or s3: URL, not https:/], ['files', /needs a file: or s3: URL/], ['file:', /names a folder/]])('%s is refused', (url, message) => {
    expect(() => openStorage(url)).toThrow(message);
  });
});
