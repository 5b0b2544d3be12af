/** `s3:`: a bucket of Amazon's S3, or of anything that speaks its protocol (MinIO, Ceph, R2, …). */
import { Readable } from 'node:stream';
import type { S3Client } from '@aws-sdk/client-s3';
import type { ByteRange, Place } from './storage.ts';

/**
 * What one upload has in memory is two parts and a little. S3 takes 10,000 parts, so a file may have 78 GB; a part has
 * at least 5 MB. https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
 */
const partBytes = 8 * 1024 * 1024;
const partsAtOnce = 2;

/** The SDK makes three attempts. A server that is there begins to answer within seconds. */
const patience = { connectionTimeout: 5_000, requestTimeout: 30_000, socketTimeout: 60_000, throwOnRequestTimeout: true };

interface Bucket {
  readonly bucket: string;
  /** With a slash at its end, or empty. */
  readonly prefix: string;
  readonly region: string | undefined;
  readonly endpoint: string | undefined;
}

const shape = 's3://bucket/prefix?region=…&endpoint=…';

/**
 * An endpoint of one's own is addressed by path, not by a host name for each bucket, and gets no checksums that only
 * Amazon is known to understand.
 * @throws for a URL of another shape. Credentials are not part of it: a URL ends up in logs.
 */
export function openBucket(url: string): Place {
  const { bucket: Bucket, prefix, region, endpoint } = parse(url);
  // Half a second to load, so only whoever has a bucket pays for it.
  const sdk = once(async () => ({ ...(await import('@aws-sdk/client-s3')), ...(await import('@aws-sdk/lib-storage')) }));
  const connection = once(async (): Promise<S3Client> => {
    const { S3Client } = await sdk();
    return new S3Client({
      ...(region !== undefined && { region }),
      ...(endpoint !== undefined && { endpoint, forcePathStyle: true, requestChecksumCalculation: 'WHEN_REQUIRED', responseChecksumValidation: 'WHEN_REQUIRED' }),
      requestHandler: patience,
    });
  });
  const at = (key: string): { Bucket: string; Key: string } => ({ Bucket, Key: `${prefix}${key}` });

  return {
    async put(key, contents, ContentType) {
      const [{ PutObjectCommand, Upload }, client] = await Promise.all([sdk(), connection()]);
      if (!(contents instanceof Readable)) {
        await client.send(new PutObjectCommand({ ...at(key), Body: contents, ContentType }));
        return;
      }
      // An object shows when its upload is completed; one that fails is aborted, so its parts cost nothing.
      await new Upload({ client, params: { ...at(key), Body: contents, ContentType }, partSize: partBytes, queueSize: partsAtOnce, leavePartsOnError: false }).done();
    },
    async get(key, range) {
      const [{ GetObjectCommand }, client] = await Promise.all([sdk(), connection()]);
      try {
        const { Body } = await client.send(new GetObjectCommand({ ...at(key), ...(range !== undefined && { Range: rangeHeader(range) }) }));
        return Body instanceof Readable ? Body : Readable.from([]);
      } catch (error) {
        if (nameOf(error) === 'InvalidRange') return Readable.from([]);
        return unlessMissing(error);
      }
    },
    async stat(key) {
      const [{ HeadObjectCommand }, client] = await Promise.all([sdk(), connection()]);
      try {
        const { ContentLength, ContentType } = await client.send(new HeadObjectCommand(at(key)));
        return { bytes: ContentLength ?? 0, ...(ContentType !== undefined && { contentType: ContentType }) };
      } catch (error) {
        return unlessMissing(error);
      }
    },
    async remove(key) {
      const [{ DeleteObjectCommand }, client] = await Promise.all([sdk(), connection()]);
      await client.send(new DeleteObjectCommand(at(key)));
    },
    reason: (error) => [nameOf(error), statusOf(error)].filter((part) => part !== undefined).join(' '),
  };
}

/** The last byte counts. */
const rangeHeader = ({ from, to }: ByteRange): string => `bytes=${from}-${to - 1}`;

const nameOf = (error: unknown): string => (error instanceof Error ? ('code' in error && typeof error.code === 'string' ? error.code : error.name) : 'unknown');

function statusOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('$metadata' in error)) return undefined;
  const metadata = error.$metadata;
  return typeof metadata === 'object' && metadata !== null && 'httpStatusCode' in metadata && typeof metadata.httpStatusCode === 'number' ? metadata.httpStatusCode : undefined;
}

/** A bucket that is missing is no missing file, as far as the answer tells: that to a HEAD has no body. */
function unlessMissing(error: unknown): undefined {
  if (nameOf(error) === 'NoSuchKey' || nameOf(error) === 'NotFound') return undefined;
  throw error;
}

function parse(text: string): Bucket {
  const wrong = (what: string): Error => new Error(`Storage in S3 needs a URL like ${shape}: ${what}.`);
  const url = URL.parse(text);
  if (url === null || !/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(url.hostname)) throw wrong('it must name a bucket');
  if (url.username !== '' || url.password !== '') throw wrong('credentials are not part of it; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY');
  if (url.port !== '' || url.hash !== '') throw wrong('the host and port of a server belong into "endpoint"');
  const prefix = url.pathname.replace(/^\//, '').replace(/\/$/, '');
  if (prefix !== '' && !/^[\w.-]+(\/[\w.-]+)*$/.test(prefix)) throw wrong('the prefix has letters, digits, ".", "_", "-" and single slashes');
  const unknown = [...url.searchParams.keys()].find((name) => name !== 'region' && name !== 'endpoint');
  if (unknown !== undefined) throw wrong(`it knows "region" and "endpoint" only`);
  const endpoint = url.searchParams.get('endpoint') ?? undefined;
  if (endpoint !== undefined && !/^https?:$/.test(URL.parse(endpoint)?.protocol ?? '')) throw wrong('the endpoint must start with http:// or https://');
  // A server of one's own seldom cares for the region, but the signature needs one.
  const region = url.searchParams.get('region') ?? (endpoint === undefined ? undefined : 'us-east-1');
  return { bucket: url.hostname, prefix: prefix === '' ? '' : `${prefix}/`, region, endpoint };
}

function once<Value>(make: () => Promise<Value>): () => Promise<Value> {
  let made: Promise<Value> | undefined;
  return async () => await (made ??= make());
}
