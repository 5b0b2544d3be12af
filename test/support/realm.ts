/**
 * Import this first where code that handles errors of Node's own modules is tested in this process: Jest runs tests in
 * a realm of its own, and there an error of `node:fs`, say, would be no `Error`.
 */
// Node 24 has it; the library that the types are taken from is a year older.
const { isError } = Error as unknown as { isError: (this: void, value: unknown) => boolean };
const ordinary: (this: unknown, value: unknown) => boolean = Function.prototype[Symbol.hasInstance];

Object.defineProperty(Error, Symbol.hasInstance, {
  configurable: true,
  value(this: unknown, value: unknown): boolean {
    return (this === Error && isError(value)) || ordinary.call(this, value);
  },
});
