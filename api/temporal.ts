/** The API's connection to Temporal: made lazily, so that the API starts, and stays up, without it. */
import { Client, Connection, defaultGrpcRetryOptions, makeGrpcRetryInterceptor } from '@temporalio/client';
import { Holdfast } from '../client/index.ts';
import type { Settings } from '../config/settings.ts';
import { temporalConnection } from '../config/temporal.ts';
import { answerPatienceMs } from '../contracts/bookings/flow.ts';

/** A caller waits, so a server that is away is given up on within a second; the SDK's own ten tries take longer. */
const callAttempts = 4;
/** gRPC waits up to two minutes before it dials again; a restarted server must be found at once. */
const maxRedialMs = 1_000;

export interface Temporal {
  forTenant(tenantId: string): Holdfast;
  /** Runs a call with the deadline that a waiting caller deserves. */
  promptly<Answer>(call: () => Promise<Answer>): Promise<Answer>;
  /** @throws when the server or the namespace is not there. */
  check(timeoutMs: number): Promise<void>;
  close(): Promise<void>;
}

export function openTemporal(settings: Settings): Temporal {
  const { connectionOptions, namespace } = temporalConnection(settings);
  const connection = Connection.lazy({
    ...connectionOptions,
    channelArgs: { 'grpc.initial_reconnect_backoff_ms': 100, 'grpc.max_reconnect_backoff_ms': maxRedialMs },
    interceptors: [makeGrpcRetryInterceptor(defaultGrpcRetryOptions({ maxAttempts: callAttempts }))],
  });
  const client = new Client({ connection, namespace });
  return {
    forTenant: (tenantId) => Holdfast.over(client, { tenantId, webUiUrl: settings.temporalUiUrl }),
    promptly: async (call) => await client.withDeadline(Date.now() + answerPatienceMs, call),
    check: async (timeoutMs) => {
      await client.withDeadline(Date.now() + timeoutMs, async () => await connection.workflowService.describeNamespace({ namespace }));
    },
    close: async () => await connection.close(),
  };
}
