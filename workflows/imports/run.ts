/** What a run of an import's flow knows. */
import type { ChunkEnd, ImportRef } from '../../activities/imports.ts';
import { isRefusal, type FailureCode, type Refusal } from '../../contracts/failures.ts';
import { percentOf, type FilePlan, type ImportState, type Tally } from '../../contracts/imports/flow.ts';

export interface ImportRun {
  readonly ref: ImportRef;
  /** The same for all that is told of this round of the import, in however many runs. */
  readonly occasion: string;
  /** As the database last answered it, with what was done since added; or why there is none. Absent until that is known. */
  state: ImportState | Refusal | undefined;
  cancel: boolean;
  /** What somebody wished last; as the database has it, if nobody did. */
  pause: boolean | undefined;
  /** Counts what happens: a message came, or a part is done. */
  beats: number;
  /** Files may be waiting that this run has not heard of. */
  lookForFiles: boolean;
  /** When chunks were done, the last few. */
  readonly pace: { readonly atMs: number; readonly rows: number }[];
}

/** What came of a part; the main loop takes them in, one after the other. `stopped`: it was given up, as the import ends. */
export type Part =
  | { readonly kind: 'file'; readonly fileNo: number; readonly outcome: FilePlan | Broken | 'stopped' }
  | { readonly kind: 'chunk'; readonly seq: number; readonly rows: number; readonly outcome: Exclude<ChunkEnd, 'failed'> | Broken | 'stopped' };

/** Although it was tried repeatedly. */
export interface Broken {
  readonly broken: FailureCode;
}

const paceOf = 12;

/** @throws for a run that has none, which then has nothing to load. */
export function stateOf({ state }: ImportRun): ImportState {
  if (state === undefined || isRefusal(state)) throw new Error('There is no import to go on with.');
  return state;
}

/** Adds a file that was inspected, or a chunk that was loaded or given up. */
export function takeIn(run: ImportRun, part: { readonly rows: number; readonly chunks: number } | { readonly rows: number; readonly end: ChunkEnd }): void {
  const state = stateOf(run);
  const tally = 'end' in part ? withChunk(state.tally, part.rows, part.end) : withFile(state.tally, part.rows, part.chunks);
  if ('end' in part) run.pace.push({ atMs: Date.now(), rows: part.rows });
  if (run.pace.length > paceOf) run.pace.shift();
  run.state = { ...state, tally, percent: Math.max(state.percent, percentOf(tally)), status: state.status === 'inspecting' ? 'running' : state.status };
}

function withFile(tally: Tally, rows: number, chunks: number): Tally {
  return { rows: { ...tally.rows, total: tally.rows.total + rows }, chunks: { ...tally.chunks, total: tally.chunks.total + chunks, pending: tally.chunks.pending + chunks } };
}

function withChunk({ rows, chunks }: Tally, size: number, end: ChunkEnd): Tally {
  const pending = chunks.pending - 1;
  if (end === 'failed') return { rows: { ...rows, failed: rows.failed + size }, chunks: { ...chunks, pending, failed: chunks.failed + 1 } };
  return {
    rows: { ...rows, processed: rows.processed + size, inserted: rows.inserted + end.inserted, updated: rows.updated + end.updated, rejected: rows.rejected + end.rejected },
    chunks: { ...chunks, pending },
  };
}

/** The counts stay ours: the database may know of a part that is not taken in yet. */
export function noteStanding(run: ImportRun, found: ImportState | Refusal): void {
  if (!isRefusal(found)) run.state = { ...stateOf(run), status: found.status, percent: Math.max(stateOf(run).percent, found.percent) };
}
