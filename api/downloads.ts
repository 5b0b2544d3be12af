/**
 * `/v1/downloads`: what was bought, for whoever has the signed link. There is no API key: a browser opens it. Each
 * opening is counted.
 */
import type { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { isRefusal } from '../contracts/failures.ts';
import { downloadLifeMs } from '../contracts/purchases/flow.ts';
import type { DownloadView } from '../contracts/purchases/schemas.ts';
import { countDownload, findDownload } from '../services/database/downloads.ts';
import { signLink, verifyLink } from '../services/storage/links.ts';
import { MissingFile, type Storage } from '../services/storage/storage.ts';
import type { ApiDependencies } from './dependencies.ts';
import { attachment } from './files.ts';
import { Refused } from './http/problems.ts';

/** What is signed is the download, in the form of a file link; there is no file of that name, so it opens nothing else. */
const linkKey = (id: string): string => `downloads/links/${id}`;
const signedPath = (id: string): string => `/v1/files/${linkKey(id)}`;
const openPath = (id: string): string => `/v1/downloads/${id}`;

/** The download with its link, as long as it can be opened. */
export function withLink(download: DownloadView, { signingKeys, publicUrl }: Pick<ApiDependencies, 'signingKeys' | 'publicUrl'>, now = new Date()): DownloadView {
  const endsMs = Math.min(Date.parse(download.expiresAt), now.getTime() + downloadLifeMs);
  // A link ends at a full second.
  if (endsMs - now.getTime() < 1_000 || download.downloadsLeft === 0) return download;
  const link = signLink({ method: 'GET', key: linkKey(download.id), expiresAt: new Date(endsMs) }, signingKeys, now);
  return { ...download, url: `${publicUrl}${openPath(download.id)}${link.slice(signedPath(download.id).length)}` };
}

/** To be registered outside the guarded routes, on the root. */
export function downloadRoutes(app: FastifyInstance, { databases, storage, signingKeys }: ApiDependencies): void {
  app.get<{ Params: { id: string } }>(
    '/v1/downloads/:id',
    // A HEAD would be counted like a download and bring nothing.
    { schema: { hide: true }, exposeHeadRoute: false },
    async (request, reply) => {
      const url = request.raw.url ?? '';
      const id = url.slice(openPath('').length, Math.max(url.indexOf('?'), 0));
      const link = verifyLink('GET', `${signedPath(id)}${url.slice(openPath(id).length)}`, signingKeys);
      if (link === 'bad_signature') throw new Refused('link_invalid');
      if (link === 'expired') throw new Refused('link_expired');
      const file = await findDownload(databases.write, id);
      if (isRefusal(file)) throw Refused.of(file);
      const { bytes, contents } = await opened(storage, file.key);
      // Counted when there is something to send, and before it is sent: whoever breaks off has had his download.
      const refusal = await counted(id, contents);
      if (refusal !== undefined) throw Refused.of(refusal);
      return await reply
        .type('application/octet-stream')
        .header('content-length', bytes)
        .header('content-disposition', attachment(file.name))
        .header('cache-control', 'private, no-store')
        .header('x-content-type-options', 'nosniff')
        // The address is the key to the file: no page that is opened from it may learn it.
        .header('referrer-policy', 'no-referrer')
        .send(contents);
    },
  );

  async function counted(id: string, contents: Readable): ReturnType<typeof countDownload> {
    try {
      const refusal = await countDownload(databases.write, id);
      if (refusal !== undefined) contents.destroy();
      return refusal;
    } catch (error) {
      contents.destroy();
      throw error;
    }
  }
}

/** @throws {Refused} `file_not_found`, `storage_unavailable`. */
async function opened(storage: Storage, key: string): Promise<{ bytes: number; contents: Readable }> {
  try {
    const file = await storage.stat(key);
    if (file === undefined) throw new MissingFile(key);
    return { bytes: file.bytes, contents: await storage.get(key) };
  } catch (error) {
    throw new Refused(error instanceof MissingFile ? 'file_not_found' : 'storage_unavailable');
  }
}
