/** A world on a server whose clock can be moved: for the real 15 minutes, 7 days, 24 hours. */
import { Client } from '@temporalio/client';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { searchAttributes } from '../../contracts/search-attributes.ts';
import type { ActivityDependencies } from '../../workers/queues.ts';
import { timeSkippingServer } from './environment.ts';
import { quietRuntime, worldOn, type World } from './world.ts';

export interface SkippingWorld extends World {
  readonly environment: TestWorkflowEnvironment;
}

const startAttempts = 5;

/** The SDK gives the server 5 s to start, which a busy machine may need more than once. */
async function startServer(attempt = 1): Promise<TestWorkflowEnvironment> {
  try {
    return await TestWorkflowEnvironment.createTimeSkipping({ server: { executable: timeSkippingServer() } });
  } catch (error) {
    if (attempt === startAttempts) throw error;
    return await startServer(attempt + 1);
  }
}

/**
 * Its clock stands still once a flow has started a child that outlives it, and it loses count when many wait for results
 * at once; what needs no moved clock runs in a world on the real server.
 */
export async function startSkippingWorld(tenantId: string, instead: Partial<ActivityDependencies> = {}): Promise<SkippingWorld> {
  quietRuntime();
  const environment = await startServer();
  const keyword = 2; // temporal.api.enums.v1.IndexedValueType
  await environment.connection.operatorService.addSearchAttributes({
    namespace: 'default',
    searchAttributes: Object.fromEntries(Object.values(searchAttributes).map(({ name }) => [name, keyword])),
  });
  // The environment's own client lets the clock run while it waits for a result, past the hold of a test that only wants to see an end.
  const client = new Client({ connection: environment.connection, namespace: 'default' });
  const server = { client, connection: environment.nativeConnection, namespace: 'default', close: async () => await environment.teardown() };
  return { ...(await worldOn(server, tenantId, instead)), environment };
}

/** Worlds one after the other, for a file with many tests. */
export interface Worlds {
  /** The world for the next test: the one before, until it has had its share. */
  next(): Promise<SkippingWorld>;
  close(): Promise<void>;
}

/**
 * The time-skipping server names every flow that it knows in some of its errors. After about a hundred flows such an error
 * is longer than the SDK's connection takes, and whoever waits for it waits in vain.
 */
const testsOfAWorld = 10;

export function worlds(tenantId: string): Worlds {
  let world: SkippingWorld | undefined;
  let tests = 0;
  return {
    next: async () => {
      if (tests === testsOfAWorld) {
        await world?.close();
        world = undefined;
        tests = 0;
      }
      world ??= await startSkippingWorld(tenantId);
      tests += 1;
      return world;
    },
    close: async () => await world?.close(),
  };
}
