/** The messages that every flow understands, by the same names. No schema library: workflows import this. */
import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { FlowProgress } from './values.ts';

export const flowMessages = {
  /** Stop, and undo what was done. */
  cancel: defineSignal('cancel'),
  /** Go on now: ends a wait, or tries a parked step again. */
  resume: defineSignal('resume'),
  progress: defineQuery<FlowProgress>('progress'),
};
