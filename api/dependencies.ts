/** What the API is built from; tests pass their own. */
import type { Logger } from '../config/logger.ts';
import type { GatewayName } from '../contracts/payments/flow.ts';
import type { Databases } from '../services/database/connection.ts';
import type { NotificationVerifier } from '../services/payments/notifications.ts';
import type { PaytmForm, PaytmPageQuery } from '../services/payments/paytm/page.ts';
import type { Storage } from '../services/storage/storage.ts';
import type { ArrivalLimits } from './http/arrival.ts';
import type { ApiKey } from './http/caller.ts';
import type { Temporal } from './temporal.ts';

export interface ApiDependencies {
  readonly databases: Databases;
  readonly temporal: Temporal;
  readonly logger: Logger;
  readonly apiKeys: readonly ApiKey[];
  /** Requests per caller and minute; 0 = off. */
  readonly rateLimitPerMinute: number;
  readonly storage: Storage;
  /** The largest file that is taken. */
  readonly maxUploadBytes: number;
  /** How long requests may take to arrive; tests have less patience. */
  readonly arrivalLimits?: ArrivalLimits | undefined;
  /** What links to files are signed with: the first signs, each is accepted. */
  readonly signingKeys: readonly string[];
  /** How the API is reached from outside, without a slash at its end. */
  readonly publicUrl: string;
  /** Of the gateways that are set up: what they send is believed by these alone. */
  readonly verifiers?: Readonly<Partial<Record<GatewayName, NotificationVerifier>>> | undefined;
  /** The form that leads to Paytm's page, where Paytm is set up. */
  readonly paytmPage?: ((query: PaytmPageQuery) => PaytmForm) | undefined;
  /** Where payers go on to after a gateway's page, `{tenant}` replaced; a page that can be closed, if absent. */
  readonly shopReturnUrl?: string | undefined;
}
