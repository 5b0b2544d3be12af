/** What a GoPay payer can do. */
import { z } from 'zod';

/**
 * paid: on a preauthorised payment the money is held, else taken. `_…`: a sub-state; those of {@link openSubStates}
 * leave the payment open, every other one cancels it.
 */
export const gopayOutcome = z.union([z.enum(['paid', 'authorised', 'chosen', 'canceled', 'timeouted']), z.string().regex(/^_\d{1,6}$/)]);
export type GopayOutcome = z.infer<typeof gopayOutcome>;

export const openSubStates: ReadonlySet<string> = new Set(['_101', '_102', '_5029']);
