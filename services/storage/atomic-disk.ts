/** flydrive's disk driver with writes that are whole or absent: it copies in place, so a kill would leave half a file. */
import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { FSDriver } from 'flydrive/drivers/fs';
import type { WriteOptions } from 'flydrive/types';
import type { ByteRange } from './storage.ts';

/** Hidden, so that no key can mean it; inside the root, so that the rename stays on one file system. */
const unfinishedFolder = '.unfinished';
const abandonedAfterMs = 24 * 60 * 60 * 1000;

export class AtomicDiskDriver extends FSDriver {
  readonly #root: string;
  #swept: Promise<void> | undefined;

  constructor(root: string) {
    super({ location: root, visibility: 'private' });
    this.#root = root;
  }

  override async put(key: string, contents: string | Uint8Array, options?: WriteOptions): Promise<void> {
    await this.#write(key, async (unfinished) => {
      await super.put(unfinished, contents, options);
    });
  }

  override async putStream(key: string, contents: Readable, options?: WriteOptions): Promise<void> {
    await this.#write(key, async (unfinished) => {
      await super.putStream(unfinished, contents, options);
    });
  }

  /** Opens before it answers, so that a missing file is an error here and not later, in the middle of an answer. */
  override async getStream(key: string, range?: ByteRange): Promise<Readable> {
    const file = await open(join(this.#root, key));
    // Node counts the last byte in.
    return file.createReadStream(range === undefined ? {} : { start: range.from, end: range.to - 1 });
  }

  async #write(key: string, write: (unfinished: string) => Promise<void>): Promise<void> {
    await (this.#swept ??= this.#sweep());
    const unfinished = join(unfinishedFolder, randomUUID());
    const from = join(this.#root, unfinished);
    const to = join(this.#root, key);
    try {
      await write(unfinished);
      await flush(from);
      await mkdir(dirname(to), { recursive: true });
      await rename(from, to);
    } catch (error) {
      await rm(from, { force: true });
      throw error;
    }
  }

  /** What killed processes left behind. Younger files may belong to one that is still writing. */
  async #sweep(): Promise<void> {
    const folder = join(this.#root, unfinishedFolder);
    await mkdir(folder, { recursive: true });
    for (const name of await readdir(folder)) {
      const file = join(folder, name);
      const found = await stat(file).catch(() => undefined);
      if (found !== undefined && Date.now() - found.mtimeMs > abandonedAfterMs) await rm(file, { force: true });
    }
  }
}

/** Without it a power cut could keep the name and lose the bytes. */
async function flush(file: string): Promise<void> {
  const handle = await open(file, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
