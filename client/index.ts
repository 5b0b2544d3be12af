/**
 * `holdfast/client`: how app code starts, steers and watches flows.
 *
 * It talks to Temporal only. An application needs no database access and no HTTP.
 */
import { Client, Connection, type ConnectionOptions } from '@temporalio/client';
import { BookingsClient } from './bookings.ts';
import { ExportsClient } from './exports.ts';
import { FlowsClient } from './flows.ts';
import { ImportsClient } from './imports.ts';
import { InvoicesClient } from './invoices.ts';
import { OrdersClient } from './orders.ts';
import { PaymentsClient } from './payments.ts';
import { ReconciliationClient } from './reconciliation.ts';
import { UploadsClient } from './uploads.ts';
import { PurchasesClient } from './purchases.ts';

export { HoldfastError } from './errors.ts';
export { newBookingId, type BookingProgress, type BookingsClient, type BookRequest, type ChangeOptions } from './bookings.ts';
export { newOrderId, type OrderProgress, type OrdersClient, type PlaceOrderRequest } from './orders.ts';
export { newPaymentId, newRefundId, type PayBooking, type PaymentProgress, type PaymentsClient, type RefundRequest } from './payments.ts';
export { newImportId, type ImportProgress, type ImportsClient } from './imports.ts';
export { newExportId, type ExportProgress, type ExportsClient, type StartExportRequest } from './exports.ts';
export type { InvoicesClient } from './invoices.ts';
export { newPurchaseId, type BuyRequest, type PurchaseProgress, type PurchasesClient } from './purchases.ts';
export { newUploadId, type UploadProgress, type UploadsClient } from './uploads.ts';
export { newRunId, type ReconciliationClient } from './reconciliation.ts';
export type { FlowFilter, FlowsClient } from './flows.ts';
export type { BookingReason, BookingStatus, HoldOutcome } from '../contracts/bookings/flow.ts';
export type { BookingView, UnmadeBooking } from '../contracts/bookings/schemas.ts';
export type { GatewayName, PaymentFailureCode, PaymentStatus } from '../contracts/payments/flow.ts';
export type { OrderReason, OrderStatus, OrderStep } from '../contracts/orders/flow.ts';
export type { OrderState, OrderView } from '../contracts/orders/schemas.ts';
export type { PaymentView, RefundView, UnmadePayment } from '../contracts/payments/schemas.ts';
export type { ImportState, ImportStatus } from '../contracts/imports/flow.ts';
export type { ImportView } from '../contracts/imports/schemas.ts';
export type { ExportDataset, ExportFormat, ExportStatus } from '../contracts/exports/flow.ts';
export type { ExportState, ExportView } from '../contracts/exports/schemas.ts';
export type { InvoiceStatus } from '../contracts/invoices/flow.ts';
export type { InvoiceView } from '../contracts/invoices/schemas.ts';
export type { PurchaseKind, PurchaseReason, PurchaseStatus } from '../contracts/purchases/flow.ts';
export type { PurchaseView } from '../contracts/purchases/schemas.ts';
export type { ImageFormat, UploadState, UploadStatus } from '../contracts/uploads/flow.ts';
export type { ProductImage, UploadView } from '../contracts/uploads/schemas.ts';
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
  readonly payments: PaymentsClient;
  readonly reconciliation: ReconciliationClient;
  readonly orders: OrdersClient;
  readonly imports: ImportsClient;
  readonly exports: ExportsClient;
  readonly invoices: InvoicesClient;
  readonly purchases: PurchasesClient;
  readonly uploads: UploadsClient;
  readonly flows: FlowsClient;
  readonly #client: Client;
  readonly #webUiUrl: string | undefined;

  private constructor(client: Client, tenantId: string, webUiUrl: string | undefined) {
    this.#client = client;
    this.#webUiUrl = webUiUrl;
    this.bookings = new BookingsClient(client, tenantId);
    this.payments = new PaymentsClient(client, tenantId);
    this.reconciliation = new ReconciliationClient(client, tenantId);
    this.orders = new OrdersClient(client, tenantId);
    this.imports = new ImportsClient(client, tenantId);
    this.exports = new ExportsClient(client, tenantId);
    this.invoices = new InvoicesClient(client, tenantId);
    this.purchases = new PurchasesClient(client, tenantId);
    this.uploads = new UploadsClient(client, tenantId);
    this.flows = new FlowsClient(client, tenantId, { bookings: this.bookings, imports: this.imports }, webUiUrl);
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
