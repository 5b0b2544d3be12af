/**
 * Steps of an import. Each is idempotent. What is in a file stays in the database and in the storage: what a step
 * answers, and what it says when it fails, goes into a history.
 */
import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { FilePlan, ImportState, ImportWork } from '../contracts/imports/flow.ts';
import { failures, isFailureCode, isRefusal, type FailureCode, type Refusal } from '../contracts/failures.ts';
import type { Databases } from '../services/database/connection.ts';
import { isConflict, isImpossible, isUnavailable } from '../services/database/errors.ts';
import { keepUntil } from '../services/database/expired-files.ts';
import { beginImport, finishImport, reopenImport, setPaused, stopImport, type Stop } from '../services/database/imports/state.ts';
import type { ImportRef } from '../services/database/imports/tally.ts';
import { failFile, fileToInspect, giveUpChunk, nextWork, recordPlan, type ChunkEnd, type FileToInspect } from '../services/database/imports/work.ts';
import { findImportDataset, mapColumns } from '../services/imports/datasets/index.ts';
import type { ChunkResult, ImportLoader, RunOptions } from '../services/imports/load/index.ts';
import { FileProblem, type Inspection } from '../services/imports/reading/types.ts';
import { named } from './failures.ts';

export type { ChunkEnd, ImportRef, Stop };

export interface ImportDependencies {
  readonly databases: Databases;
  readonly importLoader: ImportLoader;
}

const heartbeatMs = 500;
/** The copy in UTF-8 of a file whose import was lost on the way is removed after that. */
const copyLifeMs = 24 * 60 * 60 * 1000;

export function createImportActivities({ databases: { write }, importLoader }: ImportDependencies) {
  return {
    async beginImport(ref: ImportRef, retry: boolean): Promise<ImportState | Refusal> {
      return await named(() => (retry ? reopenImport(write, ref) : beginImport(write, ref)));
    },

    async nextImportWork(ref: ImportRef, after: number): Promise<ImportWork> {
      return await named(() => nextWork(write, ref, after));
    },

    async setImportPaused(ref: ImportRef, paused: boolean): Promise<ImportState | Refusal> {
      return await named(() => setPaused(write, ref, paused));
    },

    async giveUpImportChunk(ref: ImportRef, seq: number, reason: FailureCode, occasion: string): Promise<ChunkEnd> {
      return await named(() => giveUpChunk(write, ref, seq, reason, occasion));
    },

    async failImportFile(ref: ImportRef, fileNo: number, reason: FailureCode, occasion: string): Promise<void> {
      await named(() => failFile(write, ref, fileNo, { reason, detail: failures[reason].meaning }, occasion));
    },

    async finishImport(ref: ImportRef, occasion: string): Promise<ImportState | Refusal> {
      return await named(() => finishImport(write, ref, occasion));
    },

    async stopImport(ref: ImportRef, stop: Stop, occasion: string): Promise<ImportState | Refusal> {
      return await named(() => stopImport(write, ref, stop, occasion));
    },

    /** Reads the file through once, and writes down what its chunks are. */
    async inspectImportFile(ref: ImportRef, fileNo: number, occasion: string): Promise<FilePlan> {
      const file = await named(() => fileToInspect(write, ref, fileNo));
      if (!('key' in file)) return file;
      const found = await inspected(ref, fileNo, file);
      if ('reason' in found) {
        await named(() => failFile(write, ref, fileNo, found, occasion));
        return { refused: found.reason };
      }
      return (await named(() => recordPlan(write, ref, fileNo, found.inspection, found.columns))) ?? { refused: 'import_closed' };
    },

    /** One chunk, in one transaction. */
    async loadImportChunk(ref: ImportRef, seq: number): Promise<ChunkResult> {
      try {
        return await beating('chunks_failed', async (options) => await importLoader.load({ ...ref, seq }, options));
      } catch (error) {
        // The file is not what it was when it was inspected.
        throw error instanceof FileProblem ? told(error, error.code) : error;
      }
    },
  };

  async function inspected(ref: ImportRef, fileNo: number, file: FileToInspect): Promise<{ inspection: Inspection; columns: Readonly<Record<string, number>> } | { reason: FailureCode; detail: string; line?: number | undefined }> {
    const dataset = findImportDataset(file.dataset);
    if (dataset === undefined) return { reason: 'unknown_dataset', detail: failures.unknown_dataset.meaning };
    // Made from ids: a repeat writes over what an attempt before it left.
    const copyKey = `${ref.tenantId}/imports/${ref.importId}/copy-${fileNo}`;
    await named(() => keepUntil(write, ref.tenantId, [copyKey], new Date(Date.now() + copyLifeMs)));
    const { key, name, encoding, delimiter } = file;
    try {
      const task = { key, copyKey, ...(name !== null && { fileName: name }), ...(encoding !== null && { encoding }), ...(delimiter !== null && { delimiter }) };
      const inspection = await beating('storage_unavailable', async (options) => await importLoader.inspect(task, options));
      const mapped = mapColumns(inspection.header, dataset, file.mapping ?? undefined);
      return isRefusal(mapped) ? { reason: mapped.refused, detail: mapped.detail, line: 1 } : { inspection, columns: mapped.columns };
    } catch (error) {
      if (error instanceof FileProblem) return { reason: error.code, detail: error.message, line: error.line };
      throw error;
    }
  }
}

/**
 * Does work in a thread, saying all the while that it goes on; a cancellation ends it.
 * @param otherwise how it is called when it breaks for no reason that is known.
 * @throws FileProblem
 */
async function beating<Result>(otherwise: FailureCode, work: (options: RunOptions) => Promise<Result>): Promise<Result> {
  const context = Context.current();
  const { cancellationSignal: signal } = context;
  const beat = setInterval(() => context.heartbeat(), heartbeatMs);
  try {
    context.heartbeat();
    return await work({ signal });
  } catch (error) {
    // Says itself whether somebody wants it to end, or this worker stops and another goes on.
    if (signal.aborted && signal.reason instanceof Error) throw signal.reason;
    throw error instanceof FileProblem ? error : told(error, otherwise);
  } finally {
    clearInterval(beat);
  }
}

/** What broke, by the failures table: the text of an error may quote a row, and goes nowhere but to the log if it cannot. */
function told(error: unknown, otherwise: FailureCode): ApplicationFailure {
  const refusedByTable = isImpossible(error);
  const code = codeOf(error) ?? otherwise;
  Context.current().log.warn('a part of an import failed', { code, error: refusedByTable ? 'refused by a rule of the table' : error instanceof Error ? error.message : 'not an Error' });
  return ApplicationFailure.create({ type: code, message: failures[code].meaning, nonRetryable: refusedByTable || !failures[code].retryable });
}

function codeOf(error: unknown): FailureCode | undefined {
  if (isImpossible(error)) return 'chunks_failed';
  if (isConflict(error)) return 'database_conflict';
  if (isUnavailable(error)) return 'database_unavailable';
  if (error instanceof Error && error.name === 'MissingFile') return 'file_not_found';
  return error instanceof Error && 'code' in error && isFailureCode(error.code) ? error.code : undefined;
}

export type ImportActivities = ReturnType<typeof createImportActivities>;
