import { defineUpdate } from '@temporalio/workflow';

export const floorUpdate = defineUpdate<string>('floor');
