/** The HTTP API as the command line uses it: for what only the database of record knows, and for what must not enter a history. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { z, type ZodType } from 'zod';
import { problem } from '../contracts/problems.ts';
import { isFailureCode } from '../contracts/failures.ts';
import type { Page } from '../contracts/values.ts';
import { CliError, remedyFor } from './errors.ts';
import { invocation } from './invocation.ts';

/** A call that begins a payment is answered after fifteen seconds at the latest. */
const timeoutMs = 30_000;
const largestPage = 200;
/** A POST whose answer got lost is sent again under its key, so it is done once. */
const sendsAtMost = 3;
const resendPauseMs = 500;

type Method = 'GET' | 'POST' | 'PUT';
type Body = object | FormData | FileBody;

/** A file: opened anew each time that it has to be sent. */
class FileBody {
  readonly open: () => AsyncIterable<Uint8Array>;

  constructor(open: () => AsyncIterable<Uint8Array>) {
    this.open = open;
  }
}

export type Query = Readonly<Record<string, string | number | undefined>>;

export class ApiClient {
  readonly #url: string;
  readonly #key: string;
  readonly #tenantId: string;

  /** @param tenantId whose key it is; named in remedies. */
  constructor(url: string, key: string, tenantId: string) {
    this.#url = url;
    this.#key = key;
    this.#tenantId = tenantId;
  }

  /**
   * One page, as the API answers it.
   * @throws {CliError} when the API does not answer or refuses.
   */
  async page<Item>(path: string, item: ZodType<Item>, query: Query): Promise<Page<Item>> {
    const { items, nextCursor } = await this.get(path, z.object({ items: z.array(item), nextCursor: z.string().optional() }), query);
    return { items, ...(nextCursor !== undefined && { nextCursor }) };
  }

  /** Every page, one after the other. Where the rate limit stops it, it waits as long as the API says. */
  async *pages<Item>(path: string, item: ZodType<Item>, query: Query): AsyncGenerator<readonly Item[]> {
    let cursor: string | undefined;
    do {
      const { items, nextCursor } = await this.page(path, item, { limit: largestPage, ...query, cursor });
      yield items;
      cursor = nextCursor;
    } while (cursor !== undefined);
  }

  /** As {@link pages}, in one. */
  async all<Item>(path: string, item: ZodType<Item>, query: Query = {}): Promise<Item[]> {
    const items: Item[] = [];
    for await (const page of this.pages(path, item, query)) items.push(...page);
    return items;
  }

  /** @throws {CliError} as {@link page}. */
  async get<Answer>(path: string, answer: ZodType<Answer>, query: Query = {}): Promise<Answer> {
    return this.#understood(answer, await this.#call('GET', `${path}${searchOf(query)}`));
  }

  /** Done once, even where it has to be sent again. @throws {CliError} as {@link page}. */
  async post<Answer>(path: string, answer: ZodType<Answer>, body: object = {}): Promise<Answer> {
    return this.#understood(answer, await this.#call('POST', path, body));
  }

  /** As {@link post}; however long it takes to send. */
  async postForm<Answer>(path: string, answer: ZodType<Answer>, form: FormData): Promise<Answer> {
    return this.#understood(answer, await this.#call('POST', path, form));
  }

  /**
   * As {@link post}; the body is a file, read as it is sent.
   * @param open called anew each time that it has to be sent.
   */
  async postFile<Answer>(path: string, answer: ZodType<Answer>, query: Query, open: () => AsyncIterable<Uint8Array>): Promise<Answer> {
    return this.#understood(answer, await this.#call('POST', `${path}${searchOf(query)}`, new FileBody(open)));
  }

  /** A file, to be read as it comes. @throws {CliError} as {@link page}. */
  async download(path: string, query: Query = {}): Promise<Response> {
    const url = new URL(`${path}${searchOf(query)}`, this.#url);
    const response = await fetch(url, { headers: { authorization: `Bearer ${this.#key}` } }).catch((error: unknown) => {
      throw new CliError(`The HTTP API does not answer at ${this.#url}.`, 'Start the stack with `npm start`.', { code: 'stack_not_running', cause: error });
    });
    if (!response.ok) throw this.#refusal(response.status, await response.text());
    return response;
  }

  /** @throws {CliError} as {@link page}. */
  async put<Answer>(path: string, answer: ZodType<Answer>, body: object): Promise<Answer> {
    return this.#understood(answer, await this.#call('PUT', path, body));
  }

  #understood<Answer>(answer: ZodType<Answer>, body: unknown): Answer {
    const parsed = answer.safeParse(body);
    if (parsed.success) return parsed.data;
    throw new CliError(`${this.#url} answered something that is not understood.`, 'Bring this command and the server to the same version.', { code: 'internal_error' });
  }

  async #call(method: Method, path: string, body?: Body): Promise<unknown> {
    const key = method === 'POST' ? randomUUID() : undefined;
    for (;;) {
      const { status, text } = await this.#send(method, path, body, key);
      if (status < 300) return parsedJson(text);
      const failure = problem.safeParse(parsedJson(text)).data;
      if (status === 429 && failure?.retry_after !== undefined) {
        process.stderr.write(`The rate limit is used up; going on in ${failure.retry_after} s.\n`);
        await sleep(failure.retry_after * 1000);
        continue;
      }
      throw this.#refusal(status, text);
    }
  }

  #refusal(status: number, text: string): CliError {
    const failure = problem.safeParse(parsedJson(text)).data;
    const code = isFailureCode(failure?.code) ? failure.code : 'internal_error';
    const fields = failure?.errors?.map(({ path, message }) => `${path}: ${message}`).join('; ');
    return new CliError(fields ?? failure?.detail ?? `The HTTP API answered ${status}.`, remedyFor(code, this.#tenantId), { code });
  }

  async #send(method: Method, path: string, body: Body | undefined, key: string | undefined): Promise<{ status: number; text: string }> {
    const takesItsTime = body instanceof FormData || body instanceof FileBody;
    const type = body instanceof FileBody ? 'application/octet-stream' : 'application/json';
    const headers = { authorization: `Bearer ${this.#key}`, ...(body !== undefined && !(body instanceof FormData) && { 'content-type': type }), ...(key !== undefined && { 'idempotency-key': key }) };
    let mayBeDone = false;
    for (let send = 1; ; send += 1) {
      const sent = body === undefined ? {} : sentAs(body);
      try {
        const response = await fetch(new URL(path, this.#url), { method, headers, ...sent, ...(!takesItsTime && { signal: AbortSignal.timeout(timeoutMs) }) });
        return { status: response.status, text: await response.text() };
      } catch (error) {
        mayBeDone ||= key !== undefined && !wasRefused(error);
        if (mayBeDone && send < sendsAtMost) {
          await sleep(resendPauseMs);
          continue;
        }
        const remedy = mayBeDone ? `It may have been done all the same. Look before you ask again: ${invocation('flows --limit 5')}` : 'Start the stack with `npm start`.';
        throw new CliError(`The HTTP API does not answer at ${this.#url}.`, remedy, { code: 'stack_not_running', cause: error });
      }
    }
  }
}

function sentAs(body: Body): RequestInit {
  if (body instanceof FileBody) return { body: ReadableStream.from(body.open()), duplex: 'half' };
  return { body: body instanceof FormData ? body : JSON.stringify(body) };
}

function searchOf(query: Query): string {
  const parameters = Object.entries(query).flatMap(([name, value]): [string, string][] => (value === undefined ? [] : [[name, String(value)]]));
  return parameters.length === 0 ? '' : `?${new URLSearchParams(parameters).toString()}`;
}

/** Nobody took the connection, so nothing was sent. */
const wasRefused = (error: unknown): boolean => error instanceof Error && error.cause instanceof Error && 'code' in error.cause && error.cause.code === 'ECONNREFUSED';

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
