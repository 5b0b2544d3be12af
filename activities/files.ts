/** Removing stored files whose time is over. */
import { Context } from '@temporalio/activity';
import type { Databases } from '../services/database/connection.ts';
import { expiredFiles, forgetFile, type ExpiredFile } from '../services/database/expired-files.ts';
import type { Storage } from '../services/storage/storage.ts';
import { named } from './failures.ts';

/** One attempt's length, below the activity's start-to-close timeout. */
const shiftMs = 4 * 60 * 1000;
const batchSize = 100;
const removedAtOnce = 10;
/** So many failures without a success say that the storage is away: the next run tries again. */
const patience = 20;

export interface CleanUp {
  readonly removed: number;
  /** Could not be removed now. */
  readonly left: number;
  /** The shift ended before the work did. */
  readonly more: boolean;
}

export function createFileActivities({ databases: { write }, storage }: { databases: Databases; storage: Storage }) {
  /** The file first: a row without a file is found again, a file without a row never. */
  const remove = async (file: ExpiredFile): Promise<boolean> => {
    try {
      await storage.remove(file.key);
    } catch (error) {
      Context.current().log.warn('an expired file could not be removed', { key: file.key, error: error instanceof Error ? error.message : 'unknown' });
      return false;
    }
    await named(() => forgetFile(write, file));
    return true;
  };

  return {
    /** What cannot be removed is passed over. Repeating it is harmless: removing what is gone is no error. */
    async removeExpiredFiles(): Promise<CleanUp> {
      const context = Context.current();
      const endsAt = Date.now() + shiftMs;
      let [removed, left, inARow] = [0, 0, 0];
      let last: ExpiredFile | undefined;
      for (;;) {
        const batch = await named(() => expiredFiles(write, batchSize, last));
        last = batch.at(-1);
        if (last === undefined) return { removed, left, more: false };
        for (let at = 0; at < batch.length; at += removedAtOnce) {
          context.heartbeat(removed);
          context.cancellationSignal.throwIfAborted();
          const gone = (await Promise.all(batch.slice(at, at + removedAtOnce).map(remove))).filter(Boolean).length;
          const failed = Math.min(removedAtOnce, batch.length - at) - gone;
          removed += gone;
          left += failed;
          inARow = gone > 0 ? 0 : inARow + failed;
          if (inARow >= patience) return { removed, left, more: false };
        }
        if (Date.now() >= endsAt) return { removed, left, more: true };
      }
    },
  };
}

export type FileActivities = ReturnType<typeof createFileActivities>;
