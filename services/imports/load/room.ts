/**
 * The memory in which a chunk is read and written anew as COPY takes it. It is used again for the next chunk: a thread
 * would otherwise let tens of megabytes lie about before it clears up.
 */
import { addAbortSignal } from 'node:stream';
import type { Storage } from '../../storage/storage.ts';
import type { Chunk } from './chunk-row.ts';

export interface Room {
  source: Buffer;
  text: Buffer;
}

export const createRoom = (): Room => ({ source: Buffer.alloc(0), text: Buffer.alloc(0) });

/** A chunk of another file may be a little larger; so that not each one is, there is something left over. */
const roomFor = (bytes: number): Buffer => Buffer.allocUnsafeSlow(Math.ceil(bytes * 1.25));

/** @returns the bytes of the chunk, good until the room is used again. */
export async function readInto(room: Room, storage: Storage, { key, from, to }: Chunk, signal: AbortSignal): Promise<Buffer> {
  if (room.source.length < to - from) room.source = roomFor(to - from);
  let end = 0;
  for await (const piece of addAbortSignal(signal, await storage.get(key, { from, to })) as AsyncIterable<Buffer>) end += piece.copy(room.source, end);
  if (end !== to - from) throw new Error(`The file ${key} is shorter than it was.`);
  return room.source.subarray(0, end);
}

/** Rows as bytes: as strings they would be tens of thousands of objects to keep. */
export interface Text {
  /** @returns where it ends. */
  add(row: string): number;
  /** Good until the room is used again. */
  readonly all: () => Buffer;
}

/** @param bytes about how many there will be. */
export function createText(room: Room, bytes: number): Text {
  if (room.text.length < bytes) room.text = roomFor(bytes);
  let end = 0;
  return {
    add(row) {
      // In UTF-8 a unit of a string is three bytes at most.
      if (room.text.length - end < row.length * 3) {
        const larger = roomFor(room.text.length * 2 + row.length * 3);
        room.text.copy(larger, 0, 0, end);
        room.text = larger;
      }
      end += room.text.write(row, end);
      return end;
    },
    all: () => room.text.subarray(0, end),
  };
}
