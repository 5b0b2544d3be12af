/** How to reach Temporal: the SDK's environment configuration (`TEMPORAL_*`, profiles, TLS, API key), with our namespace. */
import { loadClientConnectConfig } from '@temporalio/envconfig';
import type { Settings } from './settings.ts';

/** Works for the client's `Connection` and the worker's `NativeConnection` alike. */
export function temporalConnection(settings: Settings) {
  const { connectionOptions, namespace } = loadClientConnectConfig();
  return { connectionOptions: { ...connectionOptions, address: connectionOptions.address ?? settings.temporalAddress ?? '127.0.0.1:7233' }, namespace: namespace ?? settings.temporalNamespace };
}
