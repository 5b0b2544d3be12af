/** Process entry: `node api/main.ts`. Stops in order on SIGTERM, SIGINT, or when the process that supervises it goes away. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createLogger, type Logger } from '../config/logger.ts';
import { apiPortOf, publicUrlOf, readSettings, required, SettingsError } from '../config/settings.ts';
import { openDatabases, type Databases } from '../services/database/connection.ts';
import { withAddresses } from '../services/payments/addresses.ts';
import { createPaytmPage } from '../services/payments/paytm/page.ts';
import { createNotificationVerifiers } from '../services/payments/index.ts';
import { openStorage } from '../services/storage/storage.ts';
import { ensureTenants } from '../services/database/tenants.ts';
import { buildServer } from './server.ts';
import { openTemporal } from './temporal.ts';

/** Below the supervisor's kill delay. */
const closePatienceMs = 8_000;
const tenantRetryMs = 1_000;

/** The rows that everything of a tenant refers to. The database may come up after the API. */
async function keepTenants(databases: Databases, tenantIds: readonly string[], log: Logger, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await ensureTenants(databases.write, tenantIds);
      return;
    } catch (error) {
      log.warn({ reason: error instanceof Error ? error.message : 'unknown' }, 'the tenants could not be written yet');
      await sleep(tenantRetryMs, undefined, { signal }).catch(() => undefined);
    }
  }
}

async function main(): Promise<void> {
  const settings = readSettings();
  const log = createLogger('api', settings.logLevel);
  const databases = openDatabases({
    writeUrl: required(settings.databaseUrl, 'HOLDFAST_DATABASE_URL'),
    readUrl: settings.databaseReadUrl,
    applicationName: 'holdfast-api',
    onError: (error) => log.warn({ reason: error.message }, 'a database connection was lost; the pool opens another'),
  });
  const temporal = openTemporal(settings);
  const publicUrl = publicUrlOf(settings);
  const app = buildServer({
    databases,
    temporal,
    logger: log,
    apiKeys: settings.apiKeys,
    rateLimitPerMinute: settings.rateLimitPerMinute,
    verifiers: createNotificationVerifiers(withAddresses(settings, publicUrl)),
    paytmPage: settings.paytm && createPaytmPage(settings.paytm),
    storage: openStorage(settings.storageUrl),
    maxUploadBytes: settings.maxUploadBytes,
    signingKeys: required(settings.signingKeys, 'HOLDFAST_SIGNING_KEYS'),
    publicUrl,
    shopReturnUrl: settings.shopReturnUrl,
  });
  if (settings.apiKeys.length === 0) log.warn('HOLDFAST_API_KEYS is empty, so every call under /v1 is refused');

  const stopped = new AbortController();
  const stop = (why: string): void => {
    if (stopped.signal.aborted) return;
    stopped.abort();
    log.info({ why }, 'stopping');
    const giveUp = setTimeout(() => {
      log.warn('some requests did not end in time');
      process.exit(0);
    }, closePatienceMs);
    giveUp.unref();
    close().then(
      () => process.exit(0),
      (error: unknown) => {
        log.warn({ reason: error instanceof Error ? error.message : 'unknown' }, 'not everything was closed in order');
        process.exit(0);
      },
    );
  };
  const close = async (): Promise<void> => {
    await app.close();
    await temporal.close();
    await databases.close();
  };
  process.once('SIGTERM', () => stop('SIGTERM'));
  process.once('SIGINT', () => stop('SIGINT'));
  process.once('disconnect', () => stop('the supervisor went away'));

  const tenantIds = [...new Set(settings.apiKeys.map(({ tenantId }) => tenantId))];
  await Promise.race([keepTenants(databases, tenantIds, log, stopped.signal), sleep(tenantRetryMs)]);
  const url = await listen(app, settings.host, apiPortOf(settings));
  log.info({ url }, 'ready');
  process.send?.({ type: 'ready', url });
}

async function listen(app: ReturnType<typeof buildServer>, host: string, port: number): Promise<string> {
  try {
    return await app.listen({ host, port });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EADDRINUSE') throw new SettingsError(`Port ${port} on ${host} is in use. Stop what uses it, or set HOLDFAST_PORT to another port.`);
    if (code === 'EACCES' || code === 'EADDRNOTAVAIL') throw new SettingsError(`The API cannot listen on ${host}:${port} (${code}). Set HOLDFAST_HOST and HOLDFAST_PORT.`);
    throw error;
  }
}

try {
  await main();
} catch (error) {
  const message = error instanceof SettingsError ? error.message : `The API stopped: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
