/** `npm test` runs faults in a short version, `npm run faults` in full. */
export const inFull = process.env['HOLDFAST_TEST_FAULTS'] === 'full';
