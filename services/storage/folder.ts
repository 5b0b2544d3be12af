/** `file:`: a folder, by flydrive's driver with writes made whole or absent. */
import { resolve } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { AtomicDiskDriver } from './atomic-disk.ts';
import type { Place } from './storage.ts';

/** @throws for a URL that names no folder. */
export function openFolder(url: string): Place {
  const disk = new AtomicDiskDriver(folderOf(url));
  return {
    put: async (key, contents, contentType) => await (contents instanceof Readable ? disk.putStream(key, contents, { contentType }) : disk.put(key, contents, { contentType })),
    get: async (key, range) => await unlessMissing(async () => await disk.getStream(key, range)),
    stat: async (key) =>
      await unlessMissing(async () => {
        const { contentLength, contentType } = await disk.getMetaData(key);
        return { bytes: contentLength, ...(contentType !== undefined && { contentType }) };
      }),
    remove: async (key) => await disk.delete(key),
    reason: (error) => codeOf(error) ?? 'unknown',
  };
}

function folderOf(url: string): string {
  if (url.startsWith('file://')) return fileURLToPath(url);
  const relative = decodeURIComponent(url.slice('file:'.length));
  if (relative === '') throw new Error('Storage needs a file: URL that names a folder.');
  return resolve(relative);
}

async function unlessMissing<Result>(look: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await look();
  } catch (error) {
    const code = codeOf(error);
    // A folder where a file was meant is no file either.
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR') return undefined;
    throw error;
  }
}

/** Of the operating system. A library may have wrapped the error. */
function codeOf(error: unknown): string | undefined {
  for (let cause = error; typeof cause === 'object' && cause !== null; cause = 'cause' in cause ? cause.cause : undefined) {
    if ('code' in cause && typeof cause.code === 'string' && 'syscall' in cause) return cause.code;
  }
  return undefined;
}
