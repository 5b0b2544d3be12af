/** What a writer of one format gets, and what it gives. */
import type { Selection } from './select.ts';
import type { Snapshot } from './snapshot.ts';

export interface WriterInput {
  readonly snapshot: Snapshot;
  readonly selection: Selection;
  /** How many rows the snapshot has. */
  readonly total: number;
  /** When the export was asked for: what is written in a file, so that every attempt writes the same. */
  readonly createdAt: Date;
  readonly bom: boolean;
  /** Called with the rows that are written so far. */
  readonly onRows: (rows: number) => void;
}

/** The bytes of the file, made as they are asked for. */
export type FormatWriter = (input: WriterInput) => AsyncGenerator<Uint8Array, void>;

/** What was asked for cannot be written in this format, however often it is tried. */
export class TooLarge extends Error {
  override readonly name = 'TooLarge';
}
