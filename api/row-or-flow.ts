/** What is asked for by its id: a row in the database, or a flow that has not written one yet, or neither. */
import { HoldfastError } from '../client/index.ts';
import type { Refusal } from '../contracts/failures.ts';
import type { ApiDependencies } from './dependencies.ts';
import type { Caller } from './http/caller.ts';
import { Refused } from './http/problems.ts';

interface Sought {
  readonly workflowId: string;
  readonly unknown: Refusal;
  /** Said before the reason when the flow refused to make it. */
  readonly notMade: string;
}

/**
 * @returns the row; nothing while the flow that is to write it runs.
 * @throws {Refused} `unknown`, also for what is another tenant's; with the reason when the flow had one.
 */
export async function rowOrFlow<Row>({ temporal }: ApiDependencies, { holdfast }: Caller, find: () => Promise<Row | undefined>, { workflowId, unknown, notMade }: Sought): Promise<Row | undefined> {
  const row = await find();
  if (row !== undefined) return row;
  const flow = await temporal.promptly(async () => await holdfast.flows.look(workflowId).catch(orUnknown));
  if (flow.status === 'running') return undefined;
  // The flow may have written its row and ended between the two looks.
  const written = await find();
  if (written !== undefined) return written;
  const refusal = await temporal.promptly(async () => await holdfast.flows.refusal(flow.id));
  throw Refused.of(refusal === undefined ? unknown : { ...unknown, detail: `${notMade}: ${refusal.detail}` });

  function orUnknown(error: unknown): never {
    throw error instanceof HoldfastError && error.code === 'flow_not_found' ? Refused.of(unknown) : error;
  }
}
