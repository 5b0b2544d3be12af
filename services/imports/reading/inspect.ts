/** Looks through a file once and says what it is, what its columns are, and where its chunks begin and end. */
import { addAbortSignal, Readable } from 'node:stream';
import { lookAtContent } from './content.ts';
import { checkEncoding, createTranscoder, findEncoding, type FoundEncoding } from './encoding.ts';
import { checkDelimiter } from './delimiter.ts';
import { createTextInspector, type InspectedText, type TextInspector } from './inspect-text.ts';
import { defaultChunkBytes } from './limits.ts';
import type { InspectFile, Inspection } from './types.ts';
import { workbookAsCsv } from './xlsx/index.ts';

/** Enough to say what a file is. */
const lookBytes = 64 * 1024;
const progressEveryBytes = 1024 * 1024;

/**
 * One pass in flat memory. A file that is not UTF-8 text is copied as such to `copyKey` on the way.
 * @throws FileProblem for everything about the file that keeps it from being read; whatever the storage throws; an
 * AbortError once the signal is aborted.
 */
export async function inspectFile(request: InspectFile): Promise<Inspection> {
  const { key, signal } = request;
  signal?.throwIfAborted();
  if (request.encoding !== undefined) checkEncoding(request.encoding);
  if (request.delimiter !== undefined) checkDelimiter(request.delimiter);

  const progress = { bytesRead: 0 };
  const blocks = readSource(request, progress);
  try {
    const sample = await takeSample(blocks);
    if ((await lookAtContent(sample)) === 'zip') return await inspectWorkbook(request);
    const found = findEncoding(sample, request.encoding);
    const whole = joined(sample.subarray(found.markBytes), blocks);
    const inspected = found.encoding === 'utf-8' ? await inspectInPlace(request, found, whole) : await inspectCopy(request, found, whole);
    return { ...inspected, key: found.encoding === 'utf-8' ? key : request.copyKey, sourceFormat: inspected.format, encoding: found.encoding, bytes: progress.bytesRead };
  } finally {
    await blocks.return(undefined);
  }
}

async function inspectInPlace(request: InspectFile, { markBytes }: FoundEncoding, blocks: AsyncIterable<Buffer>): Promise<InspectedText> {
  const inspector = createInspector(request, markBytes);
  for await (const block of blocks) inspector.push(block);
  return inspector.end();
}

async function inspectCopy(request: InspectFile, { encoding }: FoundEncoding, blocks: AsyncIterable<Buffer>): Promise<InspectedText> {
  const inspector = createInspector(request, 0);
  const transcode = createTranscoder(encoding);
  async function* utf8(): AsyncGenerator<Buffer> {
    for await (const block of joinedEnd(blocks)) {
      const { utf8, damaged } = transcode(block);
      yield utf8;
      if (damaged) throw inspector.damaged(encoding);
    }
  }
  return await copyWhileLooking(request, utf8(), inspector);
}

async function inspectWorkbook(request: InspectFile): Promise<Inspection> {
  const { storage, key, copyKey, signal, onProgress } = request;
  const bytes = (await storage.stat(key))?.bytes ?? 0;
  const inspector = createTextInspector({ position: 0, delimiter: undefined, isSheet: true, chunkBytes: request.chunkBytes ?? defaultChunkBytes });
  const inspected = await copyWhileLooking(request, workbookAsCsv({ storage, key, bytes, signal, onProgress }), inspector);
  return { ...inspected, key: copyKey, sourceFormat: 'xlsx', encoding: 'utf-8', bytes };
}

function createInspector({ delimiter, chunkBytes = defaultChunkBytes }: InspectFile, position: number): TextInspector {
  return createTextInspector({ position, delimiter, isSheet: false, chunkBytes });
}

/** The copy appears once the inspection has come to its end: what is wrong with the file keeps it from being stored. */
async function copyWhileLooking({ storage, copyKey, signal }: InspectFile, blocks: AsyncIterable<Buffer>, inspector: TextInspector): Promise<InspectedText> {
  const outcome: { inspected?: InspectedText; failure?: { readonly error: unknown } } = {};
  async function* looked(): AsyncGenerator<Buffer> {
    try {
      for await (const block of blocks) {
        if (block.length === 0) continue;
        inspector.push(block);
        yield block;
      }
      outcome.inspected = inspector.end();
    } catch (error) {
      outcome.failure = { error };
      throw error;
    }
  }
  const copy = Readable.from(looked());
  if (signal !== undefined) addAbortSignal(signal, copy);
  try {
    await storage.put(copyKey, copy, { contentType: 'text/csv; charset=utf-8' });
  } catch (error) {
    // The storage wraps what the stream failed with.
    throw outcome.failure === undefined ? error : outcome.failure.error;
  }
  if (outcome.inspected === undefined) throw new Error('The copy was stored before its end was read.');
  return outcome.inspected;
}

async function* readSource({ storage, key, signal, onProgress }: InspectFile, progress: { bytesRead: number }): AsyncGenerator<Buffer, undefined> {
  const stream = await storage.get(key);
  if (signal !== undefined) addAbortSignal(signal, stream);
  let told = 0;
  for await (const block of stream as AsyncIterable<Buffer>) {
    progress.bytesRead += block.length;
    if (progress.bytesRead - told >= progressEveryBytes) {
      told = progress.bytesRead;
      onProgress?.(told);
    }
    yield block;
  }
  onProgress?.(progress.bytesRead);
}

async function takeSample(blocks: AsyncIterator<Buffer>): Promise<Buffer> {
  const taken: Buffer[] = [];
  for (let bytes = 0; bytes < lookBytes; ) {
    const next = await blocks.next();
    if (next.done === true) break;
    taken.push(next.value);
    bytes += next.value.length;
  }
  return Buffer.concat(taken);
}

async function* joined(sample: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield sample;
  yield* rest;
}

/** The blocks, and undefined for their end. */
async function* joinedEnd(blocks: AsyncIterable<Buffer>): AsyncGenerator<Buffer | undefined> {
  yield* blocks;
  yield undefined;
}
