/**
 * The import flow: its states and the messages it takes. No schema library is imported here: a workflow runs every
 * module that it imports anew for each import.
 */
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { FailureCode } from '../failures.ts';
import { flowMessages } from '../flow-messages.ts';

/**
 * pending: written down, its flow has not begun. inspecting: the first file is read through, to know what is in it.
 * running: its rows are being loaded. paused: no chunk is loaded until somebody resumes it. completed: everything that
 * could be loaded is. failed: see `reason`. cancelled: somebody stopped it. What was loaded stays in each case.
 */
export const importStatuses = ['pending', 'inspecting', 'running', 'paused', 'completed', 'failed', 'cancelled'] as const;
export type ImportStatus = (typeof importStatuses)[number];

export const hasEnded = ({ status }: { readonly status: ImportStatus }): boolean => status === 'completed' || status === 'failed' || status === 'cancelled';

/** pending: not inspected yet. inspected: its chunks are known. failed: it cannot be read, see `reason`. */
export const importFileStatuses = ['pending', 'inspected', 'failed'] as const;
export type ImportFileStatus = (typeof importFileStatuses)[number];

export const maxFilesOfImport = 1_000;

/** Chunks of one import that are being loaded at the same time, by whichever workers there are. */
export const chunksAtOnce = 4;

/** How far an import is. */
export interface Tally {
  readonly rows: {
    /** In all files that are inspected. */
    readonly total: number;
    /** In chunks that are done. */
    readonly processed: number;
    readonly inserted: number;
    readonly updated: number;
    readonly rejected: number;
    /** In chunks that could not be loaded. */
    readonly failed: number;
  };
  readonly chunks: { readonly total: number; readonly pending: number; readonly failed: number };
}

/** An import as its flow knows it. No names of columns, no rows: histories carry none. */
export interface ImportState {
  readonly id: string;
  readonly dataset: string;
  readonly status: ImportStatus;
  readonly reason?: string;
  readonly dryRun: boolean;
  readonly stopOnFailure: boolean;
  readonly requestedBy?: string;
  /** 0–100; never goes back, unless it is tried again. */
  readonly percent: number;
  readonly tally: Tally;
}

/** The first tenth or so of the way is to know what is in the files; the end is not reached before it has ended. */
const inspectedPercent = 5;
const almost = 99;

export function percentOf({ rows }: Tally): number {
  if (rows.total === 0) return 1;
  return inspectedPercent + Math.floor(((almost - inspectedPercent) * (rows.processed + rows.failed)) / rows.total);
}

/** What is still to be done. */
export interface ImportWork {
  /** Numbers of files that are to be inspected. */
  readonly files: readonly number[];
  readonly chunks: readonly { readonly seq: number; readonly rows: number }[];
}

/** What inspecting a file came to. Why it cannot be read is in the database: it may quote what is in the file. */
export type FilePlan = { readonly rows: number; readonly chunks: number } | { readonly refused: FailureCode };

export interface ImportInput {
  readonly tenantId: string;
  readonly importId: string;
  /** Loads what could not be loaded before. */
  readonly retry?: boolean;
  /** The run that this one goes on for was asked to. */
  readonly pause?: boolean;
  readonly cancel?: boolean;
}

export interface OfTenant {
  readonly tenantId: string;
}

export const importMessages = {
  /** Sent with the start: waits until it is known how the import stands. */
  begin: defineUpdate<ImportState, [OfTenant]>('begin'),
  /** No more chunks are begun; those that are being loaded are finished. */
  pause: defineSignal('pause'),
  /** Another file was written down. */
  filesAdded: defineSignal('filesAdded'),
  status: defineQuery<ImportState | undefined>('status'),
  ...flowMessages,
};
