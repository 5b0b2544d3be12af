/** The HTTP API as any caller sees it. The showcase makes some thirty calls with each key, which has 60 a minute. */
import { randomUUID } from 'node:crypto';
import { z, type ZodType } from 'zod';

const timeoutMs = 10_000;

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

interface Sent {
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
}

export class Api {
  readonly #url: string;
  readonly #key: string;

  constructor(url: string, key: string) {
    this.#url = url;
    this.#key = key;
  }

  async call(method: 'GET' | 'POST' | 'PUT', path: string, body?: unknown): Promise<Answer> {
    return await this.#send(method, path, {
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...(method === 'POST' && { 'idempotency-key': randomUUID() }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  }

  /** @throws {Error} with status and code, when it was refused. */
  async get<Thing>(path: string, thing: ZodType<Thing>): Promise<Thing> {
    return parsed(await this.call('GET', path), thing);
  }

  /** @throws {Error} with status and code, when it was refused. */
  async post<Thing>(path: string, thing: ZodType<Thing>, body: unknown): Promise<Thing> {
    return parsed(await this.call('POST', path, body), thing);
  }

  /** @throws {Error} with status and code, when it was refused. */
  async put<Thing>(path: string, thing: ZodType<Thing>, body: unknown): Promise<Thing> {
    return parsed(await this.call('PUT', path, body), thing);
  }

  async upload(method: 'POST' | 'PUT', path: string, body: string | Uint8Array<ArrayBuffer>, contentType = 'application/octet-stream'): Promise<Answer> {
    return await this.#send(method, path, { headers: { 'content-type': contentType, ...(method === 'POST' && { 'idempotency-key': randomUUID() }) }, body });
  }

  /** What is not JSON. @throws {Error} when it was refused. */
  async text(path: string): Promise<string> {
    const response = await this.#fetch('GET', path, { headers: {} });
    if (!response.ok) throw new Error(String(response.status));
    return await response.text();
  }

  async items<Item>(path: string, item: ZodType<Item>, query: Readonly<Record<string, string>>): Promise<readonly Item[]> {
    const answer = await this.call('GET', `${path}?${new URLSearchParams(query).toString()}`);
    if (answer.status >= 400) throw new Error(`${path}: ${problemWords(answer)}`);
    return z.object({ items: z.array(item) }).parse(answer.body).items;
  }

  async #send(method: string, path: string, sent: Sent): Promise<Answer> {
    const response = await this.#fetch(method, path, sent);
    const text = await response.text();
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
  }

  async #fetch(method: string, path: string, { headers, body }: Sent): Promise<Response> {
    return await fetch(new URL(path, this.#url), {
      method,
      headers: { authorization: `Bearer ${this.#key}`, ...headers },
      ...(body !== undefined && { body }),
      signal: AbortSignal.timeout(timeoutMs),
    });
  }
}

function parsed<Thing>(answer: Answer, thing: ZodType<Thing>): Thing {
  if (answer.status >= 400) throw new Error(problemWords(answer));
  return thing.parse(answer.body);
}

/** `409 resource_unavailable` */
export function problemWords({ status, body }: Answer): string {
  const code = z.object({ code: z.string() }).safeParse(body).data?.code;
  return code === undefined ? String(status) : `${status} ${code}`;
}
