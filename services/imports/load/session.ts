/** A thread's own connections to the database: set up for chunks, one for each that is being loaded. */
import pg from 'pg';

/**
 * The pool of the product is set up for guests: its statements give up after seconds. A chunk may take longer, but not as
 * long as the flow waits for it. A server that is told so notices in the middle of a statement that the thread was ended.
 *
 * Rows of a chunk are looked up one by one in the index of a table that is most often far larger, whatever the
 * statistics of a table that is just being filled say; and then all chunks lock in the same order, that of their keys.
 */
const settings = {
  statement_timeout: '240s',
  lock_timeout: '60s',
  idle_in_transaction_session_timeout: '60s',
  client_connection_check_interval: '500ms',
  client_min_messages: 'warning',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
  jit: 'off',
};

export interface Sessions {
  /** A connection on which something has failed is not used again. @param signal closes it in the middle of whatever it does. */
  use<Result>(signal: AbortSignal, work: (client: pg.Client) => Promise<Result>): Promise<Result>;
}

export function createSessions(databaseUrl: string): Sessions {
  const idle = new Set<pg.Client>();
  const options = Object.entries(settings).map(([name, value]) => `-c ${name}=${value}`).join(' ');

  async function connect(): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: databaseUrl, application_name: 'holdfast imports', connectionTimeoutMillis: 5_000, options });
    // Of one that is in use, whoever uses it is told as well.
    client.on('error', () => idle.delete(client));
    await client.connect();
    return client;
  }

  return {
    async use(signal, work) {
      const [spare] = idle;
      if (spare !== undefined) idle.delete(spare);
      const client = spare ?? (await connect());
      const close = (): void => void client.end().catch(() => undefined);
      try {
        signal.throwIfAborted();
        signal.addEventListener('abort', close);
        const result = await work(client);
        idle.add(client);
        return result;
      } catch (error) {
        close();
        throw error;
      } finally {
        signal.removeEventListener('abort', close);
      }
    },
  };
}
