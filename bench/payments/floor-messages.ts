import { defineSignal, defineUpdate } from '@temporalio/workflow';

export const floorUpdate = defineUpdate<string>('floor');
export const floorSignal = defineSignal('refresh');
export const floorQueue = 'bench-payments-floor';

/** The bare hold that the second floor ends. */
export const holdIdOf = (floorId: string): string => `hold-of-${floorId}`;
