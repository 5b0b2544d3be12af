/** Images as they are sent: one as the body, or several as `multipart/form-data`; each is streamed into the storage. */
import multipart from '@fastify/multipart';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { maxImageBytes, maxImagesOfUpload } from '../../contracts/uploads/flow.ts';
import { text } from '../../contracts/values.ts';
import { isAnswered } from '../../services/database/idempotency.ts';
import { arriveAtLeisure, continueIfAsked } from '../http/arrival.ts';
import { callerOf } from '../http/caller.ts';
import { claimKey, idempotencyKeyOf } from '../http/idempotency.ts';
import { measure, type Measured } from '../http/measured.ts';
import { Refused } from '../http/problems.ts';
import { acceptFiles, discard, drained, newFileKey, receiveFile, requestHash, store, type ReceivedFile, type ReceiveOptions } from '../http/upload.ts';

export interface ReceivedImage extends ReceivedFile {
  readonly name?: string | undefined;
}

type Options = Pick<ReceiveOptions, 'db' | 'storage' | 'maxBytes' | 'before'>;

const area = 'uploads';
/** What it is is found out by looking, later. */
const contentType = 'application/octet-stream';
const fileName = text(200);
const limits = { files: maxImagesOfUpload, fileSize: maxImageBytes + 1, fields: 10, fieldSize: 1_000, parts: maxImagesOfUpload + 10, headerPairs: 20 };

/** For the routes of `scope`: as {@link acceptFiles}, and forms. */
export function acceptImages(scope: FastifyInstance): void {
  acceptFiles(scope);
  scope.register(multipart, { limits, throwFileSizeLimit: false });
}

/**
 * @returns in the order in which they were sent; undefined if the Idempotency-Key had its answer, which has been sent.
 * @throws {Refused} as `receiveFile`, and `malformed_request`. Then none of them is kept.
 */
export async function receiveImages(request: FastifyRequest, reply: FastifyReply, options: Options): Promise<readonly ReceivedImage[] | undefined> {
  if (request.isMultipart()) return await receiveForm(request, reply, options);
  const file = await receiveFile(request, reply, { ...options, area, contentType, maxBytes: Math.min(maxImageBytes, options.maxBytes) });
  return file === undefined ? undefined : [file];
}

async function receiveForm(request: FastifyRequest, reply: FastifyReply, { db, storage, maxBytes, before }: Options): Promise<readonly ReceivedImage[] | undefined> {
  const { tenantId } = callerOf(request);
  const shelf = { db, storage, tenantId };
  const idempotencyKey = idempotencyKeyOf(request);
  // A repeat that has its answer is only compared with the first.
  const answered = idempotencyKey !== undefined && (await isAnswered(db, tenantId, idempotencyKey));
  if (!answered) await before?.();
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw new Refused('payload_too_large');
  const keys: string[] = [];
  try {
    const images = await readForm(request, reply, maxBytes, async (contents) => {
      const key = newFileKey(tenantId, area);
      keys.push(key);
      await (answered ? drained(contents) : store(shelf, key, contents, contentType, request));
      return key;
    });
    if (images.length === 0) throw new Refused('file_empty', 'The form has no file.');
    if (idempotencyKey === undefined || !(await claimKey(db, request, reply, idempotencyKey, requestHash(request, images.map(({ sha256 }) => sha256))))) return images;
  } catch (error) {
    await discardAll();
    throw error;
  }
  await discardAll();
  return undefined;

  async function discardAll(): Promise<void> {
    for (const key of keys) await discard(shelf, key, request);
  }
}

/** Reads the form once; fields in it are passed over. What still comes of one that is not wanted is thrown away as it arrives. */
async function readForm(request: FastifyRequest, reply: FastifyReply, maxBytes: number, write: (contents: Measured['contents']) => Promise<string>): Promise<readonly ReceivedImage[]> {
  const images: ReceivedImage[] = [];
  let current: Measured | undefined;
  let left = maxBytes;
  continueIfAsked(reply.raw);
  const arrived = arriveAtLeisure(request.raw, () => {
    // Between two files there is nothing to stop but the connection.
    if (current === undefined) request.raw.destroy();
    else current.stop('upload_incomplete');
  });
  try {
    for await (const part of request.files()) {
      const file = measure(part.file, Math.min(maxImageBytes, left));
      current = file;
      const key = await write(file.contents);
      const { bytes, sha256 } = file.result();
      current = undefined;
      if (bytes === 0) throw new Refused('file_empty', `File ${images.length + 1} of the form is empty.`);
      left -= bytes;
      images.push({ key, bytes, sha256, name: fileName.safeParse(part.filename).data });
    }
    return images;
  } catch (error) {
    const refusal = current?.refusal() ?? refusalOf(error);
    if (refusal?.code === 'upload_incomplete') reply.header('connection', 'close');
    request.raw.unpipe();
    request.raw.resume();
    throw refusal ?? error;
  } finally {
    arrived();
  }
}

/** What the parser throws has a code, or is the bare error of the one below it. */
function refusalOf(error: unknown): Refused | undefined {
  if (!(error instanceof Error) || error instanceof Refused) return undefined;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  if (code === 'FST_FILES_LIMIT' || code === 'FST_PARTS_LIMIT' || code === 'FST_FIELDS_LIMIT') return new Refused('payload_too_large', `A form has at most ${maxImagesOfUpload} files.`);
  if (code === 'FST_MP_PREMATURE_CLOSE') return new Refused('upload_incomplete');
  return code?.startsWith('FST_') === true || isOfParser(error) ? new Refused('malformed_request', 'The form is not valid multipart/form-data.') : undefined;
}

// Of @fastify/busboy, which gives its errors no code.
const isOfParser = ({ message }: Error): boolean => /^(Unexpected end of multipart data|Part terminated early|Malformed part header|Multipart: )/.test(message);
