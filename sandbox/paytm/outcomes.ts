/** What a Paytm payer, or the payer's bank, can do. */
import { z } from 'zod';

export const paytmOutcome = z.enum(['success', 'failure', 'pending']);
export type PaytmOutcome = z.infer<typeof paytmOutcome>;
