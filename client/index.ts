/**
 * `holdfast/client`: how app code starts, steers and watches flows.
 *
 * It talks to Temporal only. An application needs no database access and no HTTP.
 */
import { Client, Connection, type ConnectionOptions } from '@temporalio/client';
import { BookingsClient } from './bookings.ts';
import { FlowsClient } from './flows.ts';

export { HoldfastError } from './errors.ts';
export { newBookingId, type BookingProgress, type BookingsClient, type BookRequest, type ChangeOptions } from './bookings.ts';
export type { FlowFilter, FlowsClient } from './flows.ts';
export type { BookingReason, BookingStatus, HoldOutcome } from '../contracts/bookings/flow.ts';
export type { BookingView, UnmadeBooking } from '../contracts/bookings/schemas.ts';
export type { FailureCode } from '../contracts/failures.ts';
export type { FlowAction, FlowStatus, FlowView } from '../contracts/flows.ts';
export type { FlowProgress, Page } from '../contracts/values.ts';

export interface HoldfastOptions {
  /** The shop that the flows belong to. */
  readonly tenantId: string;
  /** `host:port` of the Temporal frontend. */
  readonly address: string;
  /** `holdfast` if absent. */
  readonly namespace?: string;
  /** Further connection options of the Temporal SDK: `tls`, `apiKey`, `metadata`. */
  readonly connection?: Omit<ConnectionOptions, 'address'>;
  /** Base address of the Temporal Web UI, for links to flows. */
  readonly webUiUrl?: string | undefined;
}

/**
 * One tenant's door to its flows.
 *
 * @example
 * const holdfast = await Holdfast.connect({ address: '127.0.0.1:7233', tenantId: 'seaview' });
 * const booking = await holdfast.bookings.book({ resourceId: 'room-1', customerId: 'c-1', from: '2027-05-01', to: '2027-05-03' });
 * for await (const { percent, step } of holdfast.bookings.watch(booking.id)) console.log(percent, step);
 */
export class Holdfast {
  readonly bookings: BookingsClient;
  readonly flows: FlowsClient;
  readonly #client: Client;
  readonly #webUiUrl: string | undefined;

  private constructor(client: Client, tenantId: string, webUiUrl: string | undefined) {
    this.#client = client;
    this.#webUiUrl = webUiUrl;
    this.bookings = new BookingsClient(client, tenantId);
    this.flows = new FlowsClient(client, tenantId, this.bookings, webUiUrl);
  }

  /** @throws when Temporal cannot be reached. */
  static async connect({ tenantId, address, namespace = 'holdfast', connection, webUiUrl }: HoldfastOptions): Promise<Holdfast> {
    const client = new Client({ connection: await Connection.connect({ ...connection, address }), namespace });
    return new Holdfast(client, tenantId, webUiUrl);
  }

  /** Over a Temporal client that exists already; it is not closed by {@link close}'s caller alone, as it is shared. */
  static over(client: Client, { tenantId, webUiUrl }: Pick<HoldfastOptions, 'tenantId' | 'webUiUrl'>): Holdfast {
    return new Holdfast(client, tenantId, webUiUrl);
  }

  /** The same connection, for another tenant. */
  forTenant(tenantId: string): Holdfast {
    return new Holdfast(this.#client, tenantId, this.#webUiUrl);
  }

  async close(): Promise<void> {
    await this.#client.connection.close();
  }
}
