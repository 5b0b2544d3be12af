/** The storage in a bucket, against an S3 server that nobody here wrote. */
import '../support/realm.ts';
import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { ListMultipartUploadsCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { openStorage } from '../../services/storage/storage.ts';
import type { RunningProgram } from '../support/go-program.ts';
import { ensureS3Server, s3Bucket, s3Credentials, startS3Server } from '../support/s3-server.ts';
import { keepsTheContract } from '../support/storage-contract.ts';

const key = 'acme/tests/file.txt';
const type = { contentType: 'text/plain' };
Object.assign(process.env, s3Credentials);
const urlOf = (endpoint: string, bucket = s3Bucket, prefix = '/files'): string => `s3://${bucket}${prefix}?endpoint=${encodeURIComponent(endpoint)}`;

const program = await ensureS3Server();
if ('missing' in program) {
  test('an S3 server cannot be had on this machine, so nothing was tried against one', () => {
    console.warn(`No S3 server: ${program.missing}.`);
    expect(program.missing).not.toBe('');
  });
} else {
  let server: RunningProgram;
  let client: S3Client;
  beforeAll(async () => {
    server = await startS3Server(program.file);
    client = new S3Client({ endpoint: server.url, region: 'us-east-1', forcePathStyle: true });
  });
  afterAll(async () => await server.stop());
  const leftovers = async (): Promise<string[]> => {
    // It does not list uploads of a bucket that never had any.
    const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: s3Bucket })).catch((error: unknown) => {
      if (error instanceof Error && error.name === 'NoSuchUpload') return { Uploads: [] };
      throw error;
    });
    return Uploads.map((upload) => upload.Key ?? '');
  };

  keepsTheContract('a bucket', async () => await Promise.resolve({ storage: openStorage(urlOf(server.url)), url: urlOf(server.url), leftovers, environment: s3Credentials }));

  describe('a bucket', () => {
    test('has its files below the prefix, and no other storage sees them', async () => {
      const prefix = `/some/${randomUUID()}`;
      await openStorage(urlOf(server.url, s3Bucket, prefix)).put(key, Buffer.from('x'), type);
      const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: s3Bucket, Prefix: prefix.slice(1) }));
      expect(Contents.map((object) => object.Key)).toEqual([`${prefix.slice(1)}/${key}`]);
      expect(await openStorage(urlOf(server.url)).stat(key)).toBeUndefined();
    });

    test('that does not exist is a failure of the storage, not a missing file', async () => {
      const storage = openStorage(urlOf(server.url, 'no-such-bucket'));
      await expect(storage.put(key, Buffer.from('x'), type)).rejects.toMatchObject({ name: 'StorageFailed', message: expect.stringContaining('NoSuchBucket') });
      await expect(storage.get(key)).rejects.toMatchObject({ name: 'StorageFailed' });
    });
  });
}

describe('a server that misbehaves', () => {
  let server: Server | undefined;
  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
  });
  const answering = async (status: number, body = ''): Promise<string> => {
    const broken = createServer((request, response) => {
      request.resume();
      request.once('end', () => response.writeHead(status, { 'content-type': 'application/xml' }).end(body));
    });
    server = broken;
    await new Promise<void>((listening) => broken.listen(0, '127.0.0.1', listening));
    return urlOf(`http://127.0.0.1:${(broken.address() as AddressInfo).port}`);
  };
  const xml = (code: string): string => `<?xml version="1.0"?><Error><Code>${code}</Code><Message>secret detail ${s3Credentials.AWS_SECRET_ACCESS_KEY}</Message></Error>`;

  test.each([[403, 'AccessDenied'], [503, 'SlowDown'], [500, 'InternalError']])('with %i %s is a failure that names it and tells nothing more', async (status, code) => {
    const storage = openStorage(await answering(status, xml(code)));
    for (const call of [storage.put(key, Buffer.from('x'), type), storage.put(key, Readable.from([Buffer.from('x')]), type), storage.get(key), storage.remove(key)]) {
      const error: unknown = await call.then(() => undefined, (thrown: unknown) => thrown);
      expect(error).toMatchObject({ name: 'StorageFailed', message: expect.stringContaining(`${code} ${status}`) });
      expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('secret');
    }
    await expect(storage.stat(key)).rejects.toMatchObject({ name: 'StorageFailed' });
  });

  test('by not being there is a failure', async () => {
    const storage = openStorage(urlOf('http://127.0.0.1:9'));
    await expect(storage.stat(key)).rejects.toMatchObject({ name: 'StorageFailed', message: expect.stringContaining('ECONNREFUSED') });
  });
});

describe('a URL of a bucket', () => {
  test.each(['s3://bucket', 's3://my-bucket/some/prefix?region=eu-central-1', 's3://bucket/?endpoint=http%3A%2F%2F127.0.0.1%3A9000', 's3://bucket?region=auto&endpoint=https://x.example'])('%s is taken', (url) => {
    expect(() => openStorage(url)).not.toThrow();
  });

  test.each([
    ['s3:', /must name a bucket/], ['s3://', /must name a bucket/], ['s3:///prefix', /must name a bucket/], ['s3://Bad_Bucket', /must name a bucket/],
    ['s3://key:secret@bucket', /AWS_ACCESS_KEY_ID/], ['s3://bucket:9000/x', /endpoint/], ['s3://bucket?endpoint=minio:9000', /http/], ['s3://bucket?Region=x', /"region" and "endpoint" only/],
    ['s3://bucket/a//b', /prefix/], ['s3://bucket/a%20b', /prefix/], ['s3://bucket/x#y', /endpoint/],
  ])('%s is refused, and no credential is repeated', (url, message) => {
    expect(() => openStorage(url)).toThrow(message);
    expect(() => openStorage(url)).not.toThrow(/secret@/);
  });
});
