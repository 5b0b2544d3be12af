/**
 * The page at `/`, for people: files of web/, read when the API starts. It is public and has no data in it; what it
 * shows it asks for under `/v1`, with the key of whoever looks at it.
 */
import { hash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { FastifyInstance } from 'fastify';

const folder = path.resolve(import.meta.dirname, '../web');
const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml; charset=utf-8',
};
const front = 'index.html';

/** Its own scripts and styles as files, its own API, and nothing else; no script can make markup out of text. */
const policy = {
  useDefaults: false,
  directives: {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'"],
    imgSrc: ["'self'", 'data:'],
    connectSrc: ["'self'"],
    baseUri: ["'none'"],
    formAction: ["'none'"],
    frameAncestors: ["'none'"],
    requireTrustedTypesFor: ["'script'"],
    trustedTypes: ["'none'"],
  },
};

/** To be called outside the guarded routes, on the root. */
export function webRoutes(app: FastifyInstance): void {
  for (const name of readdirSync(folder)) {
    const type = types[path.extname(name)];
    if (type === undefined) continue;
    const body = readFileSync(path.join(folder, name));
    const etag = `"${hash('sha256', body, 'base64url').slice(0, 22)}"`;
    // A path for each file: what is not in the list does not exist.
    app.get(name === front ? '/' : `/web/${name}`, { schema: { hide: true }, helmet: { contentSecurityPolicy: policy } }, async (request, reply) => {
      // Asked for each time and sent when it has changed, so that all of it is of one version.
      reply.header('etag', etag).header('cache-control', 'no-cache');
      if (matches(request.headers['if-none-match'], etag)) return await reply.code(304).send();
      return await reply.type(type).send(body);
    });
  }
}

/** RFC 9110, 13.1.2: several may be named, and a proxy may have made them weak. */
const matches = (header: string | undefined, etag: string): boolean => header?.split(',').some((one) => one.trim().replace(/^W\//, '') === etag) ?? false;
