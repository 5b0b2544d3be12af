/** Bookings: starting, steering and watching their flows. */
import { WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError, type Client, type WorkflowHandle } from '@temporalio/client';
import type { UpdateDefinition } from '@temporalio/common';
import { typeid } from 'typeid-js';
import { answerPatienceMs, bookingMessages, isMade, standsFor, type BookingInput, type HoldOutcome, type HoldRequest } from '../contracts/bookings/flow.ts';
import { confirmBookingBody, createBookingBody, rescheduleBookingBody, type BookingView } from '../contracts/bookings/schemas.ts';
import { bookingStart } from '../contracts/bookings/start.ts';
import { isRefusal, type Refusal } from '../contracts/failures.ts';
import { bookingWorkflowId } from '../contracts/flows.ts';
import type { FlowProgress } from '../contracts/values.ts';
import { HoldfastError, isTimeout, parsed, translated } from './errors.ts';
import { ownedFlow } from './owned.ts';
import { updateWithStart } from './update.ts';
import { watchFlow } from './watch.ts';

/** `bkg_…`: unique, and sortable by the time it was made. */
export const newBookingId = (): string => typeid('bkg').toString();

/** A booking and how far its flow has come. */
export interface BookingProgress extends FlowProgress {
  readonly booking: HoldOutcome;
}

export interface BookRequest extends Omit<HoldRequest, 'quantity'> {
  /** Seats or beds; 1 if absent. */
  readonly quantity?: number;
  /** From {@link newBookingId}: keep it and pass it again when the answer got lost, and nothing is booked twice. */
  readonly id?: string;
}

export interface ChangeOptions {
  /** The same for a repeat of the same change: a running flow then answers the repeat without doing it twice. */
  readonly updateId?: string | undefined;
}

type BookingWorkflow = (input: BookingInput) => Promise<BookingView | Refusal>;

export class BookingsClient {
  readonly #client: Client;
  readonly #tenantId: string;

  constructor(client: Client, tenantId: string) {
    this.#client = client;
    this.#tenantId = tenantId;
  }

  /**
   * Holds a resource for 15 minutes.
   * @returns the held booking; or `{id, status: 'pending'}` when that could not be decided within twenty seconds, in
   * which case the flow goes on by itself: {@link watch} it.
   * @throws {HoldfastError} `resource_unavailable`, `resource_not_found`, `invalid_request`, `invalid_dates`,
   * `quantity_over_capacity`, `booking_id_reused`, `temporal_unavailable`.
   */
  async book({ id = newBookingId(), ...wanted }: BookRequest): Promise<HoldOutcome> {
    const { resourceId, customerId, quantity, from, to } = parsed(createBookingBody, wanted);
    const request: HoldRequest = { resourceId, customerId, quantity, ...(from !== undefined && { from }), ...(to !== undefined && { to }) };
    refuseDates(request);
    const input: BookingInput = { tenantId: this.#tenantId, bookingId: id, request };
    return await translated(async () => {
      try {
        return sameBooking(request, await this.#client.withDeadline(Date.now() + answerPatienceMs, async () => await this.#updateWithStart(bookingMessages.hold, [{ tenantId: this.#tenantId }], input)));
      } catch (error) {
        if (!isTimeout(error)) throw error;
        // The start went out together with the wait for its answer, so it is unknown whether it arrived. Asking again
        // is safe: a flow that is there, or has been there, stays as it is.
        return await this.#client.withDeadline(Date.now() + answerPatienceMs, async () => await this.#detach(input));
      }
    });
  }

  /** @throws {HoldfastError} `flow_not_found` when the flow is older than Temporal's retention; the HTTP API still has it. */
  async get(id: string): Promise<HoldOutcome> {
    return await translated(async () => await (await this.#owned(id)).query(bookingMessages.status));
  }

  /**
   * Confirms a hold without online payment, e.g. paid at the desk.
   * @param reference what the desk wrote down; the booking id if absent.
   * @throws {HoldfastError} `hold_expired`, `booking_not_held`, `booking_not_found`.
   */
  async confirm(id: string, { reference, ...options }: { reference?: string | undefined } & ChangeOptions = {}): Promise<HoldOutcome> {
    const body = parsed(confirmBookingBody, reference === undefined ? {} : { reference });
    return await this.#change(id, bookingMessages.confirm, [{ tenantId: this.#tenantId, ...(body.reference !== undefined && { reference: body.reference }) }], options);
  }

  /**
   * Prolongs a hold by 15 minutes, once.
   * @throws {HoldfastError} `already_extended`, `hold_expired`, `booking_not_held`, `booking_not_found`.
   */
  async extend(id: string, options: ChangeOptions = {}): Promise<HoldOutcome> {
    return await this.#change(id, bookingMessages.extend, [{ tenantId: this.#tenantId }], options);
  }

  /**
   * Moves a held or confirmed room to other dates; if they are taken nothing changes.
   * @throws {HoldfastError} `resource_unavailable`, `invalid_dates`, `not_reschedulable`, `booking_closed`, `booking_not_found`.
   */
  async reschedule(id: string, dates: { from: string; to: string }, options: ChangeOptions = {}): Promise<HoldOutcome> {
    return await this.#change(id, bookingMessages.reschedule, [{ tenantId: this.#tenantId, ...parsed(rescheduleBookingBody, dates) }], options);
  }

  /**
   * Gives a held or confirmed booking back; stops a pending one. Returns when Temporal has it, not when it is done. A vehicle
   * that is sold stays so until all of its payment is refunded.
   */
  async cancel(id: string): Promise<void> {
    await this.#signalWithStart(id, 'cancel');
  }

  /** Tries a pending booking at once, or a failed one again. */
  async resume(id: string): Promise<void> {
    await this.#signalWithStart(id, 'resume');
  }

  /** Yields whenever something changed, and ends when the flow has ended. */
  async *watch(id: string, options: { signal?: AbortSignal } = {}): AsyncGenerator<BookingProgress> {
    const handle = await translated(async () => await this.#owned(id));
    yield* watchFlow(handle, async () => ({ booking: await handle.query(bookingMessages.status), ...(await handle.query(bookingMessages.progress)) }), options.signal);
  }

  /** @throws {HoldfastError} `flow_not_found` for a flow of another tenant, as if there were none. */
  async #owned(id: string): Promise<WorkflowHandle<BookingWorkflow>> {
    return await ownedFlow<BookingWorkflow>(this.#client, this.#tenantId, bookingWorkflowId(id));
  }

  /**
   * Sends a change to the running flow, or starts a run that picks the booking up. Whose flow it is is asked first: a
   * run that a stranger started would hide the owner's.
   */
  async #change<Args extends unknown[]>(id: string, message: UpdateDefinition<BookingView, Args>, args: Args, { updateId }: ChangeOptions): Promise<HoldOutcome> {
    return await translated(async () => {
      try {
        await this.#refuseStranger(id);
        return await this.#client.withDeadline(Date.now() + answerPatienceMs, async () => await this.#updateWithStart(message, args, { tenantId: this.#tenantId, bookingId: id }, updateId));
      } catch (error) {
        if (!isTimeout(error)) throw error;
        throw new HoldfastError('temporal_unavailable', 'The change was sent but not answered in time. Look at the booking before you send it again.', { cause: error });
      }
    });
  }

  async #refuseStranger(id: string): Promise<void> {
    try {
      await this.#owned(id);
    } catch (error) {
      // No flow at all: it may be older than Temporal's retention while the database still has the booking.
      if (error instanceof HoldfastError) throw new HoldfastError('booking_not_found', undefined, { cause: error });
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    }
  }

  async #updateWithStart<Result, Args extends unknown[]>(message: UpdateDefinition<Result, Args>, args: Args, input: BookingInput, updateId?: string): Promise<Result> {
    return await updateWithStart(this.#client, { type: 'booking', start: bookingStart(input), message, args, updateId });
  }

  /** Makes sure the flow is there and knows that nobody waits any more; if it has ended meanwhile, answers how. */
  async #detach(input: BookingInput): Promise<HoldOutcome> {
    try {
      await this.#client.workflow.signalWithStart('booking', { ...bookingStart(input), workflowIdReusePolicy: 'REJECT_DUPLICATE', signal: bookingMessages.detach });
      return { id: input.bookingId, status: 'pending' };
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      const result = await this.#client.workflow.getHandle<BookingWorkflow>(bookingWorkflowId(input.bookingId)).result();
      if (isRefusal(result)) throw new HoldfastError(result.refused, result.detail);
      return result;
    }
  }

  async #signalWithStart(id: string, signal: 'cancel' | 'resume'): Promise<void> {
    await translated(async () => {
      try {
        const handle = await this.#owned(id);
        await handle.signal(bookingMessages[signal]);
      } catch (error) {
        // The run has ended: a new one picks the booking up from the database.
        if (!(error instanceof WorkflowNotFoundError)) throw error;
        await this.#client.workflow.signalWithStart('booking', { ...bookingStart({ tenantId: this.#tenantId, bookingId: id }), signal: bookingMessages[signal] });
      }
    });
  }
}

/** @throws {HoldfastError} `invalid_dates`; whether the resource takes dates at all only the flow can tell. */
function refuseDates({ from, to }: HoldRequest): void {
  if ((from === undefined) !== (to === undefined)) throw new HoldfastError('invalid_dates', '`from` and `to` go together.');
  if (from !== undefined && to !== undefined && to <= from) throw new HoldfastError('invalid_dates', '`to` must be after `from`.');
}

/** @throws {HoldfastError} `booking_id_reused` when the id is that of another wish. */
function sameBooking(request: HoldRequest, outcome: HoldOutcome): HoldOutcome {
  if (isMade(outcome) && !standsFor(outcome, request)) throw new HoldfastError('booking_id_reused', `${outcome.id} belongs to another request.`);
  return outcome;
}
