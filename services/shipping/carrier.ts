/**
 * A carrier, as orders see it: what a parcel costs, a label for it, and giving the label back. A real carrier's API is
 * another implementation of this interface; {@link createRateTableCarrier} is the one that needs nobody outside.
 */
import type { Refusal } from '../../contracts/failures.ts';
import type { ShipTo } from '../../contracts/orders/schemas.ts';

export interface Parcel {
  readonly weightGrams: number;
  readonly to: ShipTo;
  /** What the price is wanted in. */
  readonly currency: string;
}

export interface Quote {
  readonly carrier: string;
  readonly service: string;
  readonly priceMinor: number;
}

export interface Label extends Quote {
  readonly tracking: string;
}

export interface Carrier {
  /** What it costs now, or why the parcel is not taken. Changes nothing. */
  quote(parcel: Parcel): Promise<Quote | Refusal>;
  /**
   * Buys a label at today's price. Safe to repeat: the same key gets the same label.
   * @param key names the one label of an order, whatever happened to earlier tries.
   */
  label(key: string, parcel: Parcel): Promise<Label | Refusal>;
  /** Gives the label back, whether or not it is known that it was ever made. Safe to repeat. */
  voidLabel(key: string): Promise<void>;
}
