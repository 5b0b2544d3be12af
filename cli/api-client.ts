/** The HTTP API as the command line uses it: for what only the database of record knows. */
import { setTimeout as sleep } from 'node:timers/promises';
import { z, type ZodType } from 'zod';
import { problem } from '../contracts/problems.ts';
import { isFailureCode } from '../contracts/failures.ts';
import type { Page } from '../contracts/values.ts';
import { CliError, remedyFor } from './errors.ts';

const timeoutMs = 15_000;
const largestPage = 200;

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
    const parameters = Object.entries(query).flatMap(([name, value]): [string, string][] => (value === undefined ? [] : [[name, String(value)]]));
    const body = await this.#get(`${path}?${new URLSearchParams(parameters).toString()}`);
    const parsed = z.object({ items: z.array(item), nextCursor: z.string().optional() }).safeParse(body);
    if (!parsed.success) throw new CliError(`${this.#url} answered something that is not understood.`, 'Bring this command and the server to the same version.', { code: 'internal_error' });
    const { items, nextCursor } = parsed.data;
    return { items, ...(nextCursor !== undefined && { nextCursor }) };
  }

  /** Every page, one after the other. Where the rate limit stops it, it waits as long as the API says. */
  async *pages<Item>(path: string, item: ZodType<Item>, query: Query): AsyncGenerator<readonly Item[]> {
    let cursor: string | undefined;
    do {
      const { items, nextCursor } = await this.page(path, item, { ...query, limit: largestPage, cursor });
      yield items;
      cursor = nextCursor;
    } while (cursor !== undefined);
  }

  async #get(path: string): Promise<unknown> {
    for (;;) {
      const response = await this.#fetch(path);
      const text = await response.text();
      if (response.ok) return JSON.parse(text);
      const failure = readProblem(text);
      if (response.status === 429 && failure?.retry_after !== undefined) {
        process.stderr.write(`The rate limit is used up; going on in ${failure.retry_after} s.\n`);
        await sleep(failure.retry_after * 1000);
        continue;
      }
      const code = isFailureCode(failure?.code) ? failure.code : 'internal_error';
      throw new CliError(failure?.detail ?? `The HTTP API answered ${response.status}.`, remedyFor(code, this.#tenantId), { code });
    }
  }

  async #fetch(path: string): Promise<Response> {
    try {
      return await fetch(new URL(path, this.#url), { headers: { authorization: `Bearer ${this.#key}` }, signal: AbortSignal.timeout(timeoutMs) });
    } catch (error) {
      throw new CliError(`The HTTP API does not answer at ${this.#url}.`, 'Start the stack with `npm start`.', { code: 'stack_not_running', cause: error });
    }
  }
}

function readProblem(text: string): z.infer<typeof problem> | undefined {
  try {
    return problem.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
