/** What the API is built from; tests pass their own. */
import type { Logger } from '../config/logger.ts';
import type { Databases } from '../services/database/connection.ts';
import type { ApiKey } from './http/caller.ts';
import type { Temporal } from './temporal.ts';

export interface ApiDependencies {
  readonly databases: Databases;
  readonly temporal: Temporal;
  readonly logger: Logger;
  readonly apiKeys: readonly ApiKey[];
  /** Requests per caller and minute; 0 = off. */
  readonly rateLimitPerMinute: number;
}
