/**
 * Steps of an export. Each is idempotent. What is in a file stays in the database and in the storage: what a step
 * answers, and what it says when it fails, goes into a history.
 */
import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { ExportProgress, ExportRef, ExportRequest } from '../contracts/exports/flow.ts';
import type { ExportState } from '../contracts/exports/schemas.ts';
import { isRefusal, type FailureCode, type Refusal } from '../contracts/failures.ts';
import type { Databases } from '../services/database/connection.ts';
import { isConflict, isUnavailable } from '../services/database/errors.ts';
import { beginAttempt, finishAttempt, noteProgress, type Attempt } from '../services/database/exports/attempts.ts';
import { createExport } from '../services/database/exports/create.ts';
import { endExport, type Ending } from '../services/database/exports/endings.ts';
import { findExport } from '../services/database/exports/queries.ts';
import { toExportState, unknownExport } from '../services/database/exports/rows.ts';
import { TooLarge, type ExportedFile, type ExportWriter } from '../services/exports/index.ts';
import { StorageFailed } from '../services/storage/storage.ts';
import { named } from './failures.ts';

export type { Ending };

export interface ExportDependencies {
  readonly databases: Databases;
  readonly exportWriter: ExportWriter;
}

const heartbeatMs = 500;
/** Callers look about twice a second. */
const noteEveryBeats = 2;

export function createExportActivities({ databases: { write }, exportWriter }: ExportDependencies) {
  return {
    async createExport(ref: ExportRef, request: ExportRequest): Promise<ExportState> {
      return await named(() => createExport(write, ref, request, new Date(Context.current().info.currentAttemptScheduledTimestampMs)));
    },

    async loadExport({ tenantId, exportId }: ExportRef): Promise<ExportState | Refusal> {
      return (await named(() => findExport(write, tenantId, exportId)))?.state ?? unknownExport(exportId);
    },

    /**
     * Reads one moment of the database and writes it to a file of this attempt's own. If the export is done already, or
     * another attempt has begun meanwhile, the answer is how the export stands.
     */
    async writeExport(ref: ExportRef): Promise<ExportState | Refusal> {
      const begun = await named(() => beginAttempt(write, ref));
      if (isRefusal(begun)) return begun;
      if (!('key' in begun)) return toExportState(begun.row);
      const file = await alive(ref, begun, async (options) => {
        const { tenant_id: tenantId, dataset, filters, format, bom, created_at } = begun.row;
        return await exportWriter.write({ selection: { tenantId, dataset, filters }, format, bom, createdAt: created_at.toISOString(), key: begun.key }, options);
      });
      const row = await named(() => finishAttempt(write, ref, begun, file));
      if (isRefusal(row)) return row;
      if (row.status === 'running') throw ApplicationFailure.retryable('Another attempt has begun.', 'export_failed');
      return toExportState(row);
    },

    async endExport(ref: ExportRef, ending: Ending): Promise<ExportState | Refusal> {
      return await named(() => endExport(write, ref, ending));
    },
  };

  /** Says that this attempt is alive and how far it is, and stops the work when it is to stop. */
  async function alive(ref: ExportRef, { number }: Attempt, work: (options: { signal: AbortSignal; onProgress: (progress: ExportProgress) => void }) => Promise<ExportedFile>): Promise<ExportedFile> {
    const context = Context.current();
    let progress: ExportProgress = { rows: 0 };
    let beats = 0;
    let noting: Promise<void> | undefined;
    const beat = setInterval(() => {
      context.heartbeat(progress);
      beats += 1;
      if (noting !== undefined || beats % noteEveryBeats !== 0) return;
      // Only for whoever watches: the file counts, whether this could be written or not.
      noting = noteProgress(write, ref, number, progress)
        .catch(() => undefined)
        .finally(() => (noting = undefined));
    }, heartbeatMs);
    try {
      return await work({
        signal: context.cancellationSignal,
        onProgress: (now) => {
          progress = now;
        },
      });
    } catch (error) {
      context.cancellationSignal.throwIfAborted();
      throw namedFailure(error);
    } finally {
      clearInterval(beat);
      await noting;
    }
  }
}

export type ExportActivities = ReturnType<typeof createExportActivities>;

const says: Partial<Record<FailureCode, string>> = {
  storage_unavailable: 'The file storage did not take the export.',
  database_unavailable: 'The database broke off while it was read.',
  export_failed: 'The file could not be written.',
};

/** The error itself stays in the log: it may quote what is in a row. */
function namedFailure(error: unknown): ApplicationFailure {
  if (error instanceof TooLarge) return ApplicationFailure.nonRetryable(error.message, 'export_too_large');
  Context.current().log.warn('an export could not be written', { error: error instanceof Error ? error.message : 'not an Error' });
  const code: FailureCode = error instanceof StorageFailed ? 'storage_unavailable' : isUnavailable(error) || isConflict(error) ? 'database_unavailable' : 'export_failed';
  return ApplicationFailure.retryable(says[code] ?? code, code);
}
