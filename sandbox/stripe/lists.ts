/** Lists, newest first, and the search language as far as it is about payments. */
import { invalid, missing } from './errors.ts';
import type { Moment } from './params.ts';
import type { Intent } from './rows.ts';

interface Paged {
  readonly limit: number;
  readonly starting_after?: string | undefined;
  readonly ending_before?: string | undefined;
}

export function inPeriod(createdMs: number, created: Moment | undefined): boolean {
  if (created === undefined) return true;
  const at = Math.floor(createdMs / 1_000);
  if (typeof created === 'number') return at === created;
  return at > (created.gt ?? -Infinity) && at >= (created.gte ?? -Infinity) && at < (created.lt ?? Infinity) && at <= (created.lte ?? Infinity);
}

/** @param rows oldest first. @throws {StripeRefusal} for a cursor that is none of them. */
export function pageOf<Row extends { readonly id: string }, View>(rows: readonly Row[], { limit, starting_after, ending_before }: Paged, url: string, view: (row: Row) => View) {
  const newest = rows.toReversed();
  const place = (id: string, param: string): number => {
    const index = newest.findIndex((row) => row.id === id);
    if (index === -1) throw missing('object', id, param, 400);
    return index;
  };
  if (ending_before !== undefined) {
    const before = newest.slice(0, place(ending_before, 'ending_before'));
    return { object: 'list', data: before.slice(-limit).map(view), has_more: before.length > limit, url };
  }
  const rest = starting_after === undefined ? newest : newest.slice(place(starting_after, 'starting_after') + 1);
  return { object: 'list', data: rest.slice(0, limit).map(view), has_more: rest.length > limit, url };
}

const clause = /^(-?)(?:metadata\[(["'])(.{1,40}?)\2\]|(\w+))(:|>=|<=|>|<)(?:(["'])(.*?)\6|(\d+))$/;

/** `metadata['k']:'v' AND status:'succeeded' AND created>1700000000`. @throws {StripeRefusal} for what it cannot read. */
export function parseSearch(query: string): (intent: Intent) => boolean {
  const checks = query.split(/ AND /i).map((part) => checkOf(part.trim()));
  return (intent) => checks.every((check) => check(intent));
}

function checkOf(part: string): (intent: Intent) => boolean {
  const [, negated, , metadataName, field, operator = ':', , text, digits] = clause.exec(part) ?? [];
  const wanted = text ?? digits;
  if (wanted === undefined) throw invalid('We were unable to parse your search query.', { param: 'query' });
  const positive = metadataName === undefined ? fieldCheck(field ?? '', operator, wanted) : ({ metadata }: Intent): boolean => metadata[metadataName] === wanted;
  if (metadataName !== undefined && operator !== ':') throw invalid('Metadata can only be compared with `:`.', { param: 'query' });
  return negated === '-' ? (intent) => !positive(intent) : positive;
}

function fieldCheck(field: string, operator: string, wanted: string): (intent: Intent) => boolean {
  if (field === 'status' || field === 'currency' || field === 'customer') {
    if (operator === ':') return (intent) => intent[field] === wanted;
  } else if (field === 'amount' || field === 'created') {
    const number = Number(wanted);
    const value = (intent: Intent): number => (field === 'amount' ? intent.amount : Math.floor(intent.createdMs / 1_000));
    const compare: Readonly<Record<string, (a: number) => boolean>> = { ':': (a) => a === number, '>': (a) => a > number, '<': (a) => a < number, '>=': (a) => a >= number, '<=': (a) => a <= number };
    const check = compare[operator];
    if (check !== undefined && Number.isFinite(number)) return (intent) => check(value(intent));
  }
  throw invalid(`Field \`${field.slice(0, 40)}\` is an unsupported search field for resource \`payment_intents\`.`, { param: 'query' });
}
