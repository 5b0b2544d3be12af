/** `npm run bench -- <name> [options]`. */
const [name = ''] = process.argv.splice(2, 1);
const benches: Readonly<Record<string, () => Promise<unknown>>> = {
  bookings: async () => await import('./bookings/index.ts'),
  payments: async () => await import('./payments/index.ts'),
  imports: async () => await import('./imports/index.ts'),
  exports: async () => await import('./exports/index.ts'),
};
const bench = benches[name];
if (bench === undefined) {
  console.error(`Say which: ${Object.keys(benches).join(', ')}. For example: npm run bench -- bookings --rounds 3`);
  process.exitCode = 2;
} else {
  await bench();
}
