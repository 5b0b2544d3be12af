/** `npm run faults`: the fault tests in full, 40 minutes. Arguments go to jest. */
process.env['HOLDFAST_TEST_FAULTS'] = 'full';
process.argv.splice(2, 0, '--testMatch', '**/test/faults/*.{test,slow}.ts', '--');
await import('./test.ts');
