/**
 * Files as the body of a request: streamed into the storage, never collected. What breaks off leaves nothing behind; if
 * this process dies, the clean-up removes what it had stored.
 */
import { hash } from 'node:crypto';
import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Kysely } from 'kysely';
import { typeid } from 'typeid-js';
import { keepForGood, keepUntil } from '../../services/database/expired-files.ts';
import { isAnswered } from '../../services/database/idempotency.ts';
import type { Database } from '../../services/database/schema.ts';
import type { Storage } from '../../services/storage/storage.ts';
import { arriveAtLeisure, continueIfAsked } from './arrival.ts';
import { callerOf } from './caller.ts';
import { claimKey, idempotencyKeyOf } from './idempotency.ts';
import { measure } from './measured.ts';
import { Refused } from './problems.ts';

/** What nobody has put to use by then is removed. Longer than any file takes to arrive. */
const unclaimedMs = 24 * 60 * 60 * 1000;

export interface ReceiveOptions {
  readonly db: Kysely<Database>;
  readonly storage: Storage;
  /** The part of the key that says what the file is for. */
  readonly area: string;
  readonly contentType: string;
  readonly maxBytes: number;
  /** Throws if the file is not to be taken: asked before a byte is read, and not for a repeat that has its answer. */
  readonly before?: () => Promise<void>;
}

export interface ReceivedFile {
  readonly key: string;
  readonly bytes: number;
  /** In hexadecimal. */
  readonly sha256: string;
}

/**
 * For the routes of `scope`: a body is a stream. They need `config: {upload: true}` too, so that nothing reads or
 * hashes it before {@link receiveFile} does.
 * @param types only these; any if there are none.
 */
export function acceptFiles(scope: FastifyInstance, ...types: string[]): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser(types.length === 0 ? '*' : types, (_request, payload, parsed) => parsed(null, payload));
}

/**
 * Stores the body under a new key, which is removed after a day unless it is claimed by `keepUntil` or `keepForGood`.
 * With an `Idempotency-Key`, the bytes, the path and the query are what must be the same; `request.idempotency` is set
 * when this returns.
 * @returns undefined if the key had its answer, which has been sent.
 * @throws {Refused} `payload_too_large`, `file_empty`, `upload_incomplete`, `storage_unavailable`, `idempotency_key_reused`.
 */
export async function receiveFile(request: FastifyRequest, reply: FastifyReply, options: ReceiveOptions): Promise<ReceivedFile | undefined> {
  const { db, storage, area, contentType, maxBytes, before } = options;
  const { tenantId } = callerOf(request);
  const shelf = { db, storage, tenantId };
  const idempotencyKey = idempotencyKeyOf(request);
  // A repeat that has its answer is only compared with the first.
  const answered = idempotencyKey !== undefined && (await isAnswered(db, tenantId, idempotencyKey));
  if (!answered) await before?.();
  const key = newFileKey(tenantId, area);
  try {
    const { bytes, sha256 } = await readBody(request, reply, maxBytes, async (contents) => {
      await (answered ? drained(contents) : store(shelf, key, contents, contentType, request));
    });
    if (bytes === 0) throw noFile();
    if (idempotencyKey === undefined || !(await claimKey(db, request, reply, idempotencyKey, requestHash(request, [sha256])))) return { key, bytes, sha256 };
  } catch (error) {
    await discard(shelf, key, request);
    throw error;
  }
  await discard(shelf, key, request);
  return undefined;
}

const noFile = (): Refused => new Refused('file_empty', 'The body is the file, and there is none.');

/** Reads the body once, through `write`. What still comes of one that is not wanted is thrown away as it arrives. */
async function readBody(request: FastifyRequest, reply: FastifyReply, maxBytes: number, write: (contents: Readable) => Promise<void>): Promise<{ bytes: number; sha256: string }> {
  const body: unknown = request.body;
  if (!(body instanceof Readable)) throw noFile();
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw new Refused('payload_too_large');
  continueIfAsked(reply.raw);
  const { contents, stop, refusal, result } = measure(body, maxBytes);
  const arrived = arriveAtLeisure(request.raw, () => stop('upload_incomplete'));
  try {
    await write(contents);
    return result();
  } catch (error) {
    // Nobody knows when the rest would come, so nothing can follow on this connection.
    if (refusal()?.code === 'upload_incomplete') reply.header('connection', 'close');
    throw refusal() ?? error;
  } finally {
    contents.destroy();
    arrived();
  }
}

/** What makes two requests with files the same: several count by the hash of each, in their order. */
export function requestHash(request: FastifyRequest, sha256s: readonly string[]): string {
  return hash('sha256', `${request.method} ${request.url}\n${sha256s.join('\n')}`);
}

/** Made here: nothing of it comes from outside. */
export const newFileKey = (tenantId: string, area: string): string => `${tenantId}/${area}/${typeid('file').toString()}`;

interface Shelf {
  readonly db: Kysely<Database>;
  readonly storage: Storage;
  readonly tenantId: string;
}

/** Noted before it is there, so that it is found whatever happens. */
export async function store({ db, storage, tenantId }: Shelf, key: string, contents: Readable, contentType: string, request: FastifyRequest): Promise<void> {
  await keepUntil(db, tenantId, [key], new Date(Date.now() + unclaimedMs));
  try {
    await storage.put(key, contents, { contentType });
  } catch (error) {
    request.log.warn({ requestId: request.id, reason: error instanceof Error ? error.message : 'unknown' }, 'a file could not be stored');
    throw new Refused('storage_unavailable');
  }
}

export async function drained(contents: Readable): Promise<void> {
  contents.resume();
  await finished(contents);
}

/** What cannot be removed now, the clean-up will. */
export async function discard({ db, storage, tenantId }: Shelf, key: string, request: FastifyRequest): Promise<void> {
  try {
    await storage.remove(key);
    await keepForGood(db, tenantId, [key]);
  } catch (error) {
    request.log.warn({ requestId: request.id, key, reason: error instanceof Error ? error.message : 'unknown' }, 'a file that nobody needs could not be removed yet');
  }
}
