/** The HTTP API as a shop's own program would use it. */
import { testStack } from './environment.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // What a test looks at is what it asserts on; the shapes are checked by the OpenAPI test.
  readonly body: Record<string, unknown>;
}

export interface Shop {
  readonly tenantId: string;
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
}

/** @param tenantId `shop-books` is for the test of reconciliation alone, which counts all that a shop has. */
export async function shop(tenantId: 'shop-a' | 'shop-b' | 'shop-books', stackInfo = testStack()): Promise<Shop> {
  const { apiUrl, apiKeys } = await stackInfo;
  return {
    tenantId,
    call: async (method, path, body, headers = {}) =>
      await request(`${apiUrl}${path}`, {
        method,
        headers: { authorization: `Bearer ${apiKeys[tenantId] ?? ''}`, ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
        ...(body !== undefined && { body: typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body) }),
      }),
  };
}

export async function request(url: string, init: RequestInit): Promise<Answer> {
  const response = await fetch(url, init);
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) };
}

export async function eventually<Value>(what: string, look: () => Promise<Value | undefined | false>, patienceMs = 20_000, pauseMs = 100): Promise<Value> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    if (Date.now() > deadline) throw new Error(`waited ${patienceMs} ms in vain for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
