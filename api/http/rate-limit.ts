/** How often one caller may ask. All API processes count together, in the database. */
import type { FastifyReply } from 'fastify';
import { CompiledQuery, type Kysely } from 'kysely';
import { RateLimiterMemory, RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible';
import type { Database } from '../../services/database/schema.ts';
import { Refused } from './problems.ts';

const windowSeconds = 60;

/** Counts one request. @throws {Refused} `rate_limited`. */
export type RateLimit = (key: string, reply: FastifyReply) => Promise<void>;

/** @returns nothing when there is no limit, so that a request then costs nothing. */
export function createRateLimit(db: Kysely<Database>, perMinute: number): RateLimit | undefined {
  if (perMinute === 0) return undefined;
  const limiter = new RateLimiterPostgres({
    storeClient: {
      query: async ({ text, values }: { text: string; values: readonly unknown[] }) => {
        const { rows } = await db.executeQuery(CompiledQuery.raw(text, [...values]));
        return { rows, rowCount: rows.length };
      },
    },
    storeType: 'client',
    tableName: 'rate_limits',
    tableCreated: true,
    keyPrefix: '',
    points: perMinute,
    duration: windowSeconds,
    // Who has used up the minute is refused from memory and costs the database nothing more.
    inMemoryBlockOnConsumed: perMinute,
    // While the database is away each process counts for itself.
    insuranceLimiter: new RateLimiterMemory({ keyPrefix: '', points: perMinute, duration: windowSeconds }),
  });

  return async (key, reply) => {
    const { count, refused } = await consume(limiter, key);
    const resetSeconds = Math.max(Math.ceil(count.msBeforeNext / 1000), 1);
    reply
      .header('ratelimit-limit', perMinute)
      .header('ratelimit-remaining', refused ? 0 : count.remainingPoints)
      .header('ratelimit-reset', resetSeconds);
    if (refused) throw new Refused('rate_limited', `At most ${perMinute} requests a minute. Try again in ${resetSeconds} s.`, { retryAfterSeconds: resetSeconds });
  };
}

/** The library throws the count when there is nothing left; what else it throws is an error. */
async function consume(limiter: RateLimiterPostgres, key: string): Promise<{ count: RateLimiterRes; refused: boolean }> {
  try {
    return { count: await limiter.consume(key), refused: false };
  } catch (thrown) {
    if (thrown instanceof RateLimiterRes) return { count: thrown, refused: true };
    throw thrown;
  }
}
