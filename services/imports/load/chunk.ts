/**
 * Loads one chunk, in one transaction with the chunk's own row: it is done if, and only if, its rows are there. So it
 * can be repeated and killed at any moment, and counts once.
 */
import type pg from 'pg';
import type { Storage } from '../../storage/storage.ts';
import { sqlState } from '../../database/errors.ts';
import { findImportDataset } from '../datasets/index.ts';
import { lockChunk, selectChunk, type Chunk } from './chunk-row.ts';
import { copyInto } from './copy.ts';
import { copyText, createPlan, type Plan } from './plan.ts';
import { prepare, type Habit, type Prepared, type Reject } from './prepare.ts';
import { createRoom, readInto, type Room } from './room.ts';
import { createStatements, type Statements } from './statements.ts';
import type { ChunkResult, LoadTask } from './types.ts';
import { write } from './write.ts';

export type LoadChunk = (client: pg.Client, task: LoadTask, signal: AbortSignal) => Promise<ChunkResult>;

interface Ready {
  readonly id: string;
  readonly plan: Plan;
  readonly statements: Statements;
  readonly habit: Habit;
}

const tries = 5;

export function createLoadChunk(storage: Storage): LoadChunk {
  // The chunks of a file have the same columns, so the plan, and what it has learned of the values and their order, serves them all.
  let latest: Ready | undefined;

  const rooms: Room[] = [];

  return async (client, task, signal) => {
    const chunk = await selectChunk(client, task);
    const answer = answerOf(chunk);
    if (answer !== undefined) return answer;
    const { plan, statements, habit } = (latest = readyFor(chunk, latest));
    const room = rooms.pop() ?? createRoom();
    try {
      const bytes = await readInto(room, storage, chunk, signal);
      const prepared = prepare(plan, chunk, bytes, room, habit);
      for (let attempt = 1; ; attempt += 1) {
        await client.query('BEGIN');
        try {
          const result = await inTransaction(client, chunk, statements, prepared, bytes, attempt > 1);
          await client.query(result.outcome === 'loaded' ? 'COMMIT' : 'ROLLBACK');
          return result;
        } catch (error) {
          await client.query('ROLLBACK');
          if (attempt === tries || !isDeadlock(error)) throw error;
        }
      }
    } finally {
      rooms.push(room);
    }
  };
}

function readyFor({ dataset: name, columns }: Chunk, latest: Ready | undefined): Ready {
  const id = JSON.stringify([name, columns]);
  if (latest?.id === id) return latest;
  const dataset = findImportDataset(name);
  if (dataset === undefined) throw new Error(`There is no dataset ${name}.`);
  const plan = createPlan(dataset, columns);
  return { id, plan, statements: createStatements(plan), habit: { sorted: true } };
}

const isDeadlock = (error: unknown): boolean => ['40P01', '40001'].includes(sqlState(error) ?? '');

function answerOf({ status, ended, inserted, updated, rejected }: Chunk): ChunkResult | undefined {
  if (status === 'done') return { outcome: 'already', inserted, updated, rejected };
  if (status === 'failed' || ended) return { outcome: 'closed', inserted: 0, updated: 0, rejected: 0 };
  return undefined;
}

async function inTransaction(client: pg.Client, chunk: Chunk, statements: Statements, prepared: Prepared, bytes: Buffer, alone: boolean): Promise<ChunkResult> {
  await lockChunk(client, chunk);
  const answer = answerOf(await selectChunk(client, chunk));
  if (answer !== undefined) return answer;
  // Chunks go side by side. One that has met another in a deadlock goes alone, so that the next try is the last.
  await client.query(`SELECT pg_advisory_xact_lock${alone ? '' : '_shared'}(hashtextextended('import ' || $1 || ' ' || $2, 0))`, [chunk.dataset, chunk.tenantId]);

  const { inserted, updated, refused } = await write(client, chunk, statements, prepared, bytes);
  const rejects = [...prepared.rejects, ...refused];
  if (rejects.length > 0) await copyInto(client, 'import_rejects (tenant_id, import_id, file_no, line, reason, fields)', Buffer.from(rejects.map((reject) => rejectCopy(chunk, reject)).join('')));
  await client.query(
    `UPDATE import_chunks SET status = 'done', inserted = $4, updated = $5, rejected = $6, done_at = now() WHERE tenant_id = $1 AND import_id = $2 AND seq = $3`,
    [chunk.tenantId, chunk.importId, chunk.seq, inserted, updated, rejects.length],
  );
  return { outcome: 'loaded', inserted, updated, rejected: rejects.length };
}

const rejectCopy = ({ tenantId, importId, fileNo }: Chunk, { line, reason, fields }: Reject): string =>
  `${copyText(tenantId)}\t${importId}\t${fileNo}\t${line}\t${copyText(reason)}\t${copyText(JSON.stringify(fields))}\n`;

