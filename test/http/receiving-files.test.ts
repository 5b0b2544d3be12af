import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import Fastify, { type FastifyInstance } from 'fastify';
import { acceptJsonOnly } from '../../api/http/body.ts';
import { limitArrivals } from '../../api/http/arrival.ts';
import { addIdempotency } from '../../api/http/idempotency.ts';
import { Refused, sendProblem } from '../../api/http/problems.ts';
import { acceptFiles, receiveFile } from '../../api/http/upload.ts';
import { answerSocketError } from '../../api/http/socket-errors.ts';
import type { Databases } from '../../services/database/connection.ts';
import { openStorage, type Storage } from '../../services/storage/storage.ts';
import { createTenant, openTestDatabase } from '../support/database.ts';
import { eventually } from '../support/http.ts';

const tenantId = 'shop-receiving';
const maxBytes = 5_000_000;
const limits = { requestMs: 1_000, stallMs: 1_500, stallBytes: 1_000, fileMs: 60_000 };

let databases: Databases;
let folder: string;
let storage: Storage;
let app: FastifyInstance;
let port: number;
let url: string;
let taken: unknown[];
let allowed: boolean;

beforeAll(async () => {
  databases = await openTestDatabase();
  await createTenant(databases, tenantId);
  folder = await mkdtemp(path.join(tmpdir(), 'holdfast-receiving-'));
  storage = openStorage(pathToFileURL(folder).href);
  app = Fastify({ bodyLimit: 1_000, frameworkErrors: (error, request, reply) => void sendProblem(error, request, reply) });
  app.setErrorHandler((error, request, reply) => sendProblem(error, request, reply));
  limitArrivals(app, (socket) => answerSocketError(Object.assign(new Error(), { code: 'ERR_HTTP_REQUEST_TIMEOUT' }), socket, 'req_slow'), limits);
  app.decorateRequest('caller', undefined);
  app.addHook('onRequest', (request, _reply, done) => {
    request.caller = { tenantId, holdfast: {} as never, limitKey: '' };
    done(request.headers.authorization === undefined ? undefined : new Refused('unauthorized'));
  });
  acceptJsonOnly(app);
  addIdempotency(app, databases.write);
  app.post('/json', async (request, reply) => await reply.send({ got: request.body }));
  app.register((scope, _options, done) => {
    acceptFiles(scope);
    scope.post('/files', { config: { upload: true } }, async (request, reply) => {
      const before = async (): Promise<void> => {
        await Promise.resolve();
        if (!allowed) throw new Refused('import_closed');
      };
      const file = await receiveFile(request, reply, { db: databases.write, storage, area: 'tests', contentType: 'text/plain', maxBytes, before });
      if (file === undefined) return await reply;
      taken.push(file);
      return await reply.code(202).header('location', `/files/${file.sha256}`).send({ id: request.idempotency?.idFor('imp') ?? 'imp_new', bytes: file.bytes, sha256: file.sha256 });
    });
    done();
  });
  url = await app.listen({ host: '127.0.0.1', port: 0 });
  port = Number(new URL(url).port);
});
afterAll(async () => {
  await app.close();
  await databases.close();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(() => {
  taken = [];
  allowed = true;
});

/** Files and half files in the storage. */
async function stored(): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name).toSorted();
}
const noted = async (): Promise<number> => (await databases.write.selectFrom('stored_files').select('key').where('tenant_id', '=', tenantId).execute()).length;
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

async function post(body: Uint8Array<ArrayBuffer> | ReadableStream, headers: Record<string, string> = {}, query = ''): Promise<{ status: number; headers: Headers; body: Record<string, unknown> }> {
  const answer = await fetch(`${url}/files${query}`, { method: 'POST', body, duplex: 'half', headers });
  return { status: answer.status, headers: answer.headers, body: (await answer.json()) as Record<string, unknown> };
}

interface Line {
  readonly socket: Socket;
  readonly seen: () => string;
  readonly closed: Promise<unknown>;
}
async function dial(...lines: string[]): Promise<Line> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  let seen = '';
  socket.setEncoding('latin1').on('data', (text: string) => (seen += text)).on('error', () => undefined);
  socket.write([...lines, 'host: x', '', ''].join('\r\n'));
  return { socket, seen: () => seen, closed: once(socket, 'close') };
}

describe('a file that is sent', () => {
  test('is stored under a key of ours with its size and hash, and is noted for removal until it is put to use', async () => {
    const bytes = Buffer.alloc(1_000_000, 'holdfast');
    const answer = await post(bytes);
    expect(answer).toMatchObject({ status: 202, body: { bytes: 1_000_000, sha256: sha256(bytes) } });
    const [file] = taken as { key: string }[];
    expect(file?.key).toMatch(/^shop-receiving\/tests\/file_[a-z0-9]{26}$/);
    expect(await storage.stat(file?.key ?? '')).toMatchObject({ bytes: 1_000_000 });
    const row = await databases.write.selectFrom('stored_files').select('expires_at').where('key', '=', file?.key ?? '').executeTakeFirstOrThrow();
    expect(row.expires_at.getTime() - Date.now()).toBeGreaterThan(23 * 3_600_000);
  });

  test('may come in pieces of unknown number and slower than a call in JSON, as long as it keeps coming', async () => {
    const piece = Buffer.alloc(2_000, 'x');
    const line = await dial('POST /files HTTP/1.1', 'transfer-encoding: chunked');
    for (let sent = 0; sent < 14; sent += 1) {
      line.socket.write(`7d0\r\n${piece.toString()}\r\n`);
      await sleep(250);
    }
    line.socket.write('0\r\n\r\n');
    await eventually('an answer', async () => await Promise.resolve(line.seen() !== ''));
    expect(line.seen()).toMatch(/^HTTP\/1\.1 202 /);
    expect(line.seen()).toContain('"bytes":28000');
    line.socket.destroy();
  });

  test('that stops coming is refused, and nothing of it stays', async () => {
    const before = [await stored(), await noted()];
    const line = await dial('POST /files HTTP/1.1', 'content-length: 100000');
    line.socket.write('a beginning');
    await line.closed;
    expect(line.seen()).toMatch(/^HTTP\/1\.1 400 [^]*"code":"upload_incomplete"/);
    expect([await stored(), await noted()]).toEqual(before);
    expect(taken).toEqual([]);
  });

  test('whose sender goes away leaves nothing', async () => {
    const before = [await stored(), await noted()];
    const line = await dial('POST /files HTTP/1.1', 'content-length: 4000000');
    line.socket.write(Buffer.alloc(1_000_000));
    await eventually('the beginning of a file', async () => (await stored()).length > (before[0] as string[]).length);
    line.socket.destroy();
    await eventually('nothing to be left', async () => (await stored()).length === (before[0] as string[]).length && (await noted()) === before[1]);
    expect(taken).toEqual([]);
  });

  test.each([
    ['that is too large', async () => await post(Buffer.alloc(maxBytes + 1)), 413, 'payload_too_large'],
    ['that turns out to be too large', async () => await post(new Blob([Buffer.alloc(maxBytes + 1)]).stream()), 413, 'payload_too_large'],
    ['of nothing', async () => await post(Buffer.alloc(0)), 422, 'file_empty'],
    ['of an empty stream', async () => await post(new Blob([]).stream()), 422, 'file_empty'],
  ])('%s is refused and leaves nothing', async (_what, send, status, code) => {
    const before = [await stored(), await noted()];
    expect(await send()).toMatchObject({ status, body: { code } });
    expect([await stored(), await noted()]).toEqual(before);
  });

  test('is refused with 503 when the storage does not take it, and the connection goes on', async () => {
    const put = jest.spyOn(storage, 'put').mockRejectedValueOnce(new Error('away'));
    expect(await post(Buffer.alloc(2_000_000))).toMatchObject({ status: 503, body: { code: 'storage_unavailable' } });
    put.mockRestore();
    expect(await post(Buffer.from('x'))).toMatchObject({ status: 202 });
  });
});

describe('a sender who asks before he sends', () => {
  test('is told to go on, once', async () => {
    const line = await dial('POST /files HTTP/1.1', 'content-length: 5', 'expect: 100-continue');
    await eventually('the word to go on', async () => await Promise.resolve(line.seen().includes('100 Continue')));
    line.socket.write('hello');
    await eventually('an answer', async () => await Promise.resolve(line.seen().includes('"bytes":5')));
    expect(line.seen().match(/100 Continue/g)).toHaveLength(1);
    line.socket.destroy();
  });

  test('is told to go on with JSON', async () => {
    const line = await dial('POST /json HTTP/1.1', 'content-length: 7', 'content-type: application/json', 'expect: 100-continue');
    await eventually('the word to go on', async () => await Promise.resolve(line.seen().includes('100 Continue')));
    line.socket.write('{"a":1}');
    await eventually('an answer', async () => await Promise.resolve(line.seen().includes('{"got":{"a":1}}')));
    line.socket.destroy();
  });

  test.each([
    ['without a key', '401', ['authorization: x', 'content-length: 5']],
    ['for what is closed', '409', ['content-length: 5']],
    ['with too much', '413', ['content-length: 999999999']],
  ])('%s is refused at once and never told to go on', async (what, status, headers) => {
    allowed = what !== 'for what is closed';
    const line = await dial('POST /files HTTP/1.1', 'expect: 100-continue', ...headers);
    await line.closed;
    expect(line.seen()).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(line.seen()).not.toContain('100 Continue');
  });
});

describe('a refusal before the file was read', () => {
  test('is read by who sends all the same, and the connection is good for the next request', async () => {
    allowed = false;
    const line = await dial('POST /files HTTP/1.1', 'content-length: 200000');
    line.socket.write(Buffer.alloc(200_000, 'x'));
    await eventually('the refusal', async () => await Promise.resolve(line.seen().includes('import_closed')));
    line.socket.write('POST /json HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}');
    await eventually('the next answer', async () => await Promise.resolve(line.seen().includes('{"got":{}}')));
    line.socket.destroy();
  });

  test('does not hold the connection for a sender who never ends', async () => {
    allowed = false;
    const line = await dial('POST /files HTTP/1.1', 'content-length: 200000');
    const began = Date.now();
    line.socket.write('x');
    await line.closed;
    expect(line.seen()).toContain('import_closed');
    expect(Date.now() - began).toBeLessThan(3 * limits.requestMs);
  });
});

describe('a call in JSON', () => {
  test('that is sent too slowly is cut off with 408, however it trickles', async () => {
    const line = await dial('POST /json HTTP/1.1', 'content-length: 500', 'content-type: application/json');
    const trickle = setInterval(() => line.socket.write(' '), 100);
    await line.closed;
    clearInterval(trickle);
    expect(line.seen()).toMatch(/^HTTP\/1\.1 408 [^]*"code":"request_timeout"/);
  });
});

describe('an Idempotency-Key', () => {
  let made = 0;
  const fresh = (): Record<string, string> => ({ 'idempotency-key': `receiving-${process.pid}-${Date.now()}-${(made += 1)}` });

  test('with the same bytes gets the first answer, and the repeat is not kept', async () => {
    const key = fresh();
    const bytes = Buffer.alloc(300_000, 'same');
    const first = await post(bytes, key);
    const before = [await stored(), await noted()];
    const again = await post(bytes, key);
    expect(first).toMatchObject({ status: 202 });
    expect(again).toMatchObject({ status: 202, body: first.body });
    expect([again.headers.get('idempotent-replayed'), again.headers.get('location')]).toEqual(['true', first.headers.get('location')]);
    expect([await stored(), await noted()]).toEqual(before);
    expect(taken).toHaveLength(1);
  });

  test('gets the first answer even if the file would not be taken any more', async () => {
    const key = fresh();
    const first = await post(Buffer.from('x'), key);
    allowed = false;
    expect(await post(Buffer.from('x'), key)).toMatchObject({ status: 202, body: first.body });
    expect(await post(Buffer.from('x'), fresh())).toMatchObject({ status: 409 });
  });

  test('with other bytes or another query is refused, and nothing of it is kept', async () => {
    const key = fresh();
    await post(Buffer.from('one'), key, '?dataset=users');
    const before = [await stored(), await noted()];
    expect(await post(Buffer.from('two'), key, '?dataset=users')).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } });
    expect(await post(Buffer.from('one'), key, '?dataset=products')).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } });
    expect([await stored(), await noted()]).toEqual(before);
  });

  test('used by two at once makes one thing', async () => {
    const key = fresh();
    const answers = await Promise.all([post(Buffer.alloc(1_000_000), key), post(Buffer.alloc(1_000_000), key)]);
    expect(answers.map(({ status }) => status)).toEqual([202, 202]);
    expect(new Set(answers.map(({ body }) => body['id'])).size).toBe(1);
  });

  test('is free again after an upload that broke off', async () => {
    const key = fresh();
    const line = await dial('POST /files HTTP/1.1', 'content-length: 100', `idempotency-key: ${key['idempotency-key'] ?? ''}`);
    line.socket.write('half');
    await line.closed;
    expect(await post(Buffer.from('whole'), key)).toMatchObject({ status: 202 });
  });
});
