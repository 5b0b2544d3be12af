/** The form of the tables that say what a gateway's code means. Each adapter has one, beside a list of what is unsure. */
import type { PaymentFailureCode } from '../../contracts/payments/flow.ts';

/**
 * decline: nothing was taken and nothing will be; the payer may begin another payment. The others are the kinds of a
 * {@link GatewayError}. `state`: what was asked for does not fit the state, so the state is read and answered.
 */
export type Treatment = 'busy' | 'unknown' | 'final' | 'state';

export interface DeclineRow {
  readonly decline: PaymentFailureCode;
  /** Where this is known from. */
  readonly source: string;
}

export interface RefusalRow {
  readonly treat: Treatment;
  readonly source: string;
}

/** A fact that could not be settled, and what is done until it is. */
export interface Unsure {
  readonly what: string;
  readonly meanwhile: string;
  readonly source: string;
}

/** Codes come from outside: `constructor` must not find anything. */
export function rowOf<Row>(table: Readonly<Record<string, Row>>, code: string | null | undefined): Row | undefined {
  return code !== null && code !== undefined && Object.hasOwn(table, code) ? table[code] : undefined;
}
