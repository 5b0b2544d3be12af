/** The HTTP API as any caller sees it. The showcase makes a handful of calls: each key has 60 a minute. */
import { randomUUID } from 'node:crypto';
import { z, type ZodType } from 'zod';

const timeoutMs = 10_000;

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

const bookingAnswer = z.object({ id: z.string(), status: z.string(), expiresAt: z.string().optional(), reference: z.string().optional() });
export type BookingAnswer = z.infer<typeof bookingAnswer>;

export class Api {
  readonly #url: string;
  readonly #key: string;

  constructor(url: string, key: string) {
    this.#url = url;
    this.#key = key;
  }

  async call(method: 'GET' | 'POST' | 'PUT', path: string, body?: unknown): Promise<Answer> {
    const response = await fetch(new URL(path, this.#url), {
      method,
      headers: {
        authorization: `Bearer ${this.#key}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(method === 'POST' && { 'idempotency-key': randomUUID() }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(timeoutMs),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
  }

  /** @throws {Error} with status and code, when the answer is not a booking. */
  async booking(method: 'GET' | 'POST', path: string, body?: unknown): Promise<BookingAnswer> {
    const answer = await this.call(method, path, body);
    if (answer.status >= 400) throw new Error(problemWords(answer));
    return bookingAnswer.parse(answer.body);
  }

  async items<Item>(path: string, item: ZodType<Item>, query: Readonly<Record<string, string>>): Promise<readonly Item[]> {
    const answer = await this.call('GET', `${path}?${new URLSearchParams(query).toString()}`);
    if (answer.status >= 400) throw new Error(`${path}: ${problemWords(answer)}`);
    return z.object({ items: z.array(item) }).parse(answer.body).items;
  }
}

/** `409 resource_unavailable` */
export function problemWords({ status, body }: Answer): string {
  const code = z.object({ code: z.string() }).safeParse(body).data?.code;
  return code === undefined ? String(status) : `${status} ${code}`;
}
