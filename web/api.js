/** The API as this page calls it: with the key, and every error as something that can be shown. */
/** @import { Problem } from '../contracts/problems.ts' */
import { createPace } from './pace.js';

/** The API has said no: an RFC 9457 problem. */
export class Refusal extends Error {
  /**
   * @param {Partial<Problem>} problem
   * @param {number} status
   */
  constructor({ code = '', detail, title, requestId, errors = [], retry_after: retryAfter }, status) {
    super(detail ?? title ?? `The API answered ${status}.`);
    this.status = status;
    this.code = code;
    this.requestId = requestId;
    this.errors = errors;
    this.retryAfterSeconds = retryAfter;
  }
}

/** Nobody answered. */
export class Away extends Error {
  constructor() {
    super('The API does not answer.');
  }
}

const patienceMs = 30_000;

/** @param {number} ms @returns {Promise<void>} */
const sleep = async (ms) => {
  await new Promise((resolve) => setTimeout(resolve, ms));
};

/**
 * @typedef {object} Api
 * @property {<Body>(path: string) => Promise<Body>} get The caller names what comes, as the contracts have it.
 * @property {<Body>(path: string, body?: unknown) => Promise<Body>} post With an Idempotency-Key of its own.
 * @property {(path: string) => Promise<Blob>} file
 * @property {Readonly<Record<string, string>>} headers For what sends a file by itself.
 * @property {(seconds: number) => Promise<void>} wait Says that it waits, and waits.
 * @property {import('./pace.js').Pace} pace
 */

/**
 * @param {string} key
 * @param {{ waiting: (seconds: number) => void, going: () => void, unauthorized: () => void }} told
 * @returns {Api}
 */
export function createApi(key, told) {
  const pace = createPace();
  const headers = { authorization: `Bearer ${key}` };

  const wait = async (/** @type {number} */ seconds) => {
    told.waiting(seconds);
    await sleep(seconds * 1000);
    told.going();
  };

  /**
   * @param {string} path
   * @param {RequestInit} init
   * @returns {Promise<Response>}
   */
  async function send(path, init) {
    for (;;) {
      const response = await reach(path, init);
      pace.heed(response.headers);
      if (response.ok) return response;
      const refusal = await refusalIn(response);
      if (refusal.status === 401) told.unauthorized();
      if (refusal.code !== 'rate_limited') throw refusal;
      await wait(refusal.retryAfterSeconds ?? 5);
    }
  }

  /** @type {Api['post']} */
  const post = async (path, body = {}) =>
    await bodyOf(await send(path, { method: 'POST', headers: { ...headers, 'content-type': 'application/json', 'idempotency-key': newKey() }, body: JSON.stringify(body) }));

  return {
    get: async (path) => await bodyOf(await send(path, { headers })),
    post,
    file: async (path) => await (await send(path, { headers })).blob(),
    headers,
    wait,
    pace,
  };
}

/**
 * @template Body
 * @param {Response} response
 * @returns {Promise<Body>}
 */
async function bodyOf(response) {
  /** @type {unknown} */
  const body = await response.json().catch(() => undefined);
  if (typeof body !== 'object' || body === null) throw new Refusal({ detail: 'The API sent something that is not JSON.' }, response.status);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the server checks its answers with the same schema
  return /** @type {Body} */ (body);
}

/**
 * @param {string} path
 * @param {RequestInit} init
 */
async function reach(path, init) {
  try {
    return await fetch(path, { ...init, signal: AbortSignal.timeout(patienceMs), cache: 'no-store', credentials: 'omit' });
  } catch {
    throw new Away();
  }
}

/** @param {Response} response */
async function refusalIn(response) {
  return toRefusal(await response.text().catch(() => ''), response.status);
}

/**
 * @param {string} text
 * @param {number} status
 */
export function toRefusal(text, status) {
  try {
    /** @type {unknown} */
    const problem = JSON.parse(text);
    if (typeof problem === 'object' && problem !== null) return new Refusal(problem, status);
  } catch {
    // A proxy in between has its own pages for errors.
  }
  return new Refusal({}, status);
}

/** Not randomUUID, which browsers keep from pages that came by http from another machine. */
export const newKey = () => `page-${[...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
