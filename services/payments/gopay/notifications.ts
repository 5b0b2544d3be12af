/**
 * GoPay's notifications: an id in the address, and no signature (help.gopay.com/en/s/3). They prove nothing, so nothing
 * is taken from them but which payment to ask about, and only one that we know is asked about.
 */
import type { ChargeState, GatewayNotification, NotificationRefusal } from '../gateway.ts';
import type { NotificationVerifier } from '../notifications.ts';

const maxQueryLength = 2_048;
/** The largest of 64 bits. */
const maxId = 2n ** 63n - 1n;

/**
 * `eventId` is the payment's id alone: a notification does not say which change it is about. So it must not be used
 * to drop a later one as a repetition; {@link gopayEventId} names the event once the payment was asked.
 */
export const verifyGopayNotification: NotificationVerifier = ({ query = '' }): GatewayNotification | NotificationRefusal => {
  if (query.length > maxQueryLength) return 'malformed';
  const ids = new URLSearchParams(query).getAll('id');
  const [id] = ids;
  if (ids.length !== 1 || id === undefined || !/^[1-9]\d{0,18}$/.test(id) || BigInt(id) > maxId) return 'malformed';
  return { eventId: id, type: 'payment.changed', gatewayRef: id, payload: { id } };
};

/** The same for each delivery about one state of a payment, refunds included. */
export function gopayEventId(gatewayRef: string, state: ChargeState): string {
  return state.state === 'captured' ? `${gatewayRef}:captured:${state.refundedMinor}` : `${gatewayRef}:${state.state}`;
}
