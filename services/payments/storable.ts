/**
 * What can be kept: PostgreSQL has no NUL and no half of a surrogate pair, and JSON has both. What a gateway answers is
 * made storable where it comes in; otherwise money that was taken could not be written down because of a word beside it.
 */
import type { Gateway } from './gateway.ts';

const replacement = '\ufffd';

export const storableText = (text: string): string => text.toWellFormed().replaceAll('\u0000', replacement);

/** Whether all of its text can be kept as it is. */
export function isStorable(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed() && !value.includes('\u0000');
  return typeof value !== 'object' || value === null || Object.entries(value).every((entry) => entry.every(isStorable));
}

/** Replaces in the texts of an answer what cannot be kept. The answer was made for this caller, so it is changed itself. */
function storable<Answer extends object>(answer: Answer): Answer {
  for (const [name, value] of Object.entries(answer)) {
    if (typeof value === 'string' && !isStorable(value)) Reflect.set(answer, name, storableText(value));
    else if (typeof value === 'object' && value !== null) storable(value);
  }
  return answer;
}

/** A gateway of whose answers every text can be kept. */
export function withStorableAnswers(gateway: Gateway): Gateway {
  return {
    name: gateway.name,
    authorise: async (charge) => storable(await gateway.authorise(charge)),
    capture: async (charge) => storable(await gateway.capture(charge)),
    cancel: async (charge) => storable(await gateway.cancel(charge)),
    refund: async (order) => storable(await gateway.refund(order)),
    lookUp: async (charge) => storable(await gateway.lookUp(charge)),
    lookUpRefund: async (order) => storable(await gateway.lookUpRefund(order)),
    ...(gateway.list !== undefined && { list: (from, to) => listed(gateway, from, to) }),
  };
}

async function* listed(gateway: Gateway, from: Date, to: Date): ReturnType<NonNullable<Gateway['list']>> {
  for await (const charge of gateway.list?.(from, to) ?? []) yield storable(charge);
}
