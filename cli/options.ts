/** Options and values that several commands share. A value that is not right is a usage error (exit code 2). */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { z, type ZodType } from 'zod';
import { foreignId, moment, tenantId } from '../contracts/values.ts';
import { invocation } from './invocation.ts';
import { safe } from './text.ts';

export interface CommonOptions {
  readonly tenant?: string;
  readonly json?: boolean;
}

/** `--tenant` and `--json`, as every command that talks to a stack has them. */
export function withCommonOptions(command: Command): Command {
  return command
    .option('-t, --tenant <id>', 'the shop (default: the first tenant of the stack)', checkedBy(tenantId))
    .option('--json', 'print JSON for machines');
}

/** A parser for commander that lets a contract's schema decide. */
export function checkedBy<Output>(schema: ZodType<Output>): (value: string) => Output {
  return (value) => {
    const result = schema.safeParse(value);
    if (result.success) return result.data;
    throw new InvalidArgumentError(safe(result.error.issues.map((issue) => issue.message).join('; ')));
  };
}

export const aForeignId = checkedBy(foreignId);
export const aBookingId = checkedBy(z.string().regex(/^(booking:)?bkg_[0-9a-z]{26}$/, 'a booking id looks like bkg_01jq…').transform((id) => id.replace('booking:', '')));
/** The id of one kind of thing, with its prefix. */
export const anIdOf = (what: string, prefix: string) => checkedBy(z.string().regex(new RegExp(`^${prefix}_[0-9a-z]{26}$`), `the id of a ${what} looks like ${prefix}_01jq…`));
export const aMoment = checkedBy(moment);
export const aCount = (largest: number) => {
  const message = `must be a whole number from 1 to ${largest}`;
  return checkedBy(z.string().regex(/^\d{1,9}$/, message).transform(Number).pipe(z.int().min(1, message).max(largest, message)));
};

export interface Item {
  readonly productId: string;
  readonly quantity: number;
}

/** `mug-blue=2`; one without `=`. */
export const anItem = (least: number, most: number) => (typed: string): Item => {
  const [, id = typed, count] = /^(.+)=([^=]*)$/.exec(typed) ?? [];
  const quantity = count === undefined ? 1 : /^\d{1,9}$/.test(count) ? Number(count) : -1;
  if (quantity < least || quantity > most) throw new InvalidArgumentError(`write product=quantity, the quantity from ${least} to ${most}`);
  return { productId: aForeignId(id), quantity };
};

/** For an option that may be given several times. */
export const several = <Value>(parse: (typed: string) => Value) => (typed: string, before: readonly Value[] = []): readonly Value[] => [...before, parse(typed)];

/** An option with a fixed set of values. */
export function choice(flags: string, description: string, values: readonly string[]): Option {
  return new Option(flags, description).choices(values);
}

/** Examples under the help text; each works when it is pasted. */
export function examples(command: Command, lines: readonly string[]): Command {
  return command.addHelpText('after', () => `\nExamples:\n${lines.map((line) => `  ${invocation(line)}`).join('\n')}`);
}
