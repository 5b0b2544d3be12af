/**
 * `/v1/files/*`: files, for whoever has a signed link. There is no API key: a browser opens it. The link says which
 * file, until when and under which name; nothing else is looked at.
 */
import type { FastifyBaseLogger, FastifyInstance, FastifyReply } from 'fastify';
import { verifyLink, type FileLink } from '../services/storage/links.ts';
import { MissingFile, type StoredFile } from '../services/storage/storage.ts';
import type { ApiDependencies } from './dependencies.ts';
import { Refused } from './http/problems.ts';

export function fileRoutes(app: FastifyInstance, { storage, signingKeys }: ApiDependencies): void {
  app.route({
    // A HEAD of its own: the one that comes with a GET would read the whole file.
    method: ['GET', 'HEAD'],
    url: '/v1/files/*',
    schema: { hide: true },
    handler: async (request, reply) => {
      const link = verifyLink('GET', request.raw.url ?? '', signingKeys);
      if (link === 'bad_signature') throw new Refused('link_invalid');
      if (link === 'expired') throw new Refused('link_expired');
      const file = await reached(request.log, async () => await storage.stat(link.key));
      if (file === undefined) throw new Refused('file_not_found');
      if (request.method === 'HEAD') return await describe(reply, link, file).send();
      const contents = await reached(request.log, async () => await storage.get(link.key));
      return await describe(reply, link, file).send(contents);
    },
  });
}

function describe(reply: FastifyReply, { key, fileName, expiresAt }: FileLink, { bytes, contentType }: StoredFile): FastifyReply {
  const secondsLeft = Math.max(Math.floor((expiresAt.getTime() - Date.now()) / 1000), 0);
  return reply
    .type(contentType ?? 'application/octet-stream')
    .header('content-length', bytes)
    // An image is shown on pages of the shop, which are elsewhere.
    .header('cross-origin-resource-policy', contentType?.startsWith('image/') === true ? 'cross-origin' : 'same-origin')
    .header('content-disposition', attachment(fileName ?? key.slice(key.lastIndexOf('/') + 1)))
    .header('cache-control', `private, max-age=${secondsLeft}`);
}

/** RFC 6266: a name in ASCII for whoever knows no other, and the name itself. Saved, never shown as a page of this site. */
export function attachment(fileName: string): string {
  const ascii = fileName.replaceAll(/[^\w .-]/g, '_');
  const encoded = encodeURIComponent(fileName).replaceAll(/['()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
  return `attachment; filename="${ascii}"; filename*=UTF-8''${encoded}`;
}

/** @throws {Refused} `file_not_found`, `storage_unavailable`. */
async function reached<Result>(log: FastifyBaseLogger, ask: () => Promise<Result>): Promise<Result> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof MissingFile) throw new Refused('file_not_found');
    log.warn({ reason: error instanceof Error ? error.message : 'unknown' }, 'the file storage did not answer');
    throw new Refused('storage_unavailable');
  }
}
