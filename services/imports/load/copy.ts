/** COPY … FROM STDIN of text that is in memory already. */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { from } from 'pg-copy-streams';

/** The server keeps a message whole before it looks at it. */
const messageBytes = 256 * 1024;

function* messages(text: Buffer): Generator<Buffer> {
  for (let at = 0; at < text.length; at += messageBytes) yield text.subarray(at, at + messageBytes);
}

/** @param into table and columns, as SQL. */
export async function copyInto(client: pg.Client, into: string, text: Buffer): Promise<void> {
  await pipeline(Readable.from(messages(text)), client.query(from(`COPY ${into} FROM STDIN`)));
}
