/** Starting a flow and awaiting its first answer in one round trip. */
import { WithStartWorkflowOperation, type Client } from '@temporalio/client';
import type { UpdateDefinition, Workflow } from '@temporalio/common';
import { wasNotTaken } from './errors.ts';

/** How often an update is sent when signals keep getting into its task. */
const attempts = 5;

export interface UpdateWithStart<Result, Args extends unknown[]> {
  readonly type: string;
  readonly start: ConstructorParameters<typeof WithStartWorkflowOperation<Workflow>>[1];
  readonly message: UpdateDefinition<Result, Args>;
  readonly args: Args;
  /** The same for a repeat of the same update: a running flow then answers the repeat without doing it twice. */
  readonly updateId?: string | undefined;
}

/** The flow that runs takes the update; if none does, one is started that takes it. */
export async function updateWithStart<Result, Args extends unknown[]>(client: Client, { type, start, message, args, updateId }: UpdateWithStart<Result, Args>): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      // One operation starts at most one flow, so each attempt needs its own.
      const startWorkflowOperation = new WithStartWorkflowOperation<Workflow>(type, start);
      return await client.workflow.executeUpdateWithStart<Workflow, Result, Args>(message, { args, startWorkflowOperation, ...(updateId !== undefined && { updateId }) });
    } catch (error) {
      if (attempt === attempts || !wasNotTaken(error)) throw error;
    }
  }
}
