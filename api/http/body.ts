/** Reading what came in: JSON in UTF-8, nothing else. */
import type { FastifyInstance } from 'fastify';
import type { ZodType } from 'zod';
import { Refused } from './problems.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** @throws {Refused} `invalid_utf8`, `invalid_json`. An empty body is an empty object. */
export function parseJson(bytes: Buffer): unknown {
  if (bytes.length === 0) return {};
  const json = decode(bytes);
  const value = parse(json);
  // The name can be written with escapes, so only a body without any is safe to pass unseen.
  if ((json.includes('__proto__') || json.includes('\\u')) && hasPrototypeKey(value)) throw new Refused('invalid_json', 'A field cannot be called `__proto__`.');
  return value;
}

function decode(bytes: Buffer): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new Refused('invalid_utf8');
  }
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new Refused('invalid_json');
  }
}

/** With a list instead of recursion: a body may be nested deeper than the stack. */
function hasPrototypeKey(root: unknown): boolean {
  const open: unknown[] = [root];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (typeof value !== 'object' || value === null) continue;
    if (Object.hasOwn(value, '__proto__')) return true;
    for (const inner of Object.values(value)) if (typeof inner === 'object' && inner !== null) open.push(inner);
  }
  return false;
}

/** Bodies by {@link parseJson}; every part of a request by its zod schema, with each wrong field named. */
export function acceptJsonOnly(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (_request, bytes, done) => {
    try {
      done(null, parseJson(bytes));
    } catch (error) {
      done(error instanceof Error ? error : new Refused('invalid_json'));
    }
  });
  app.setValidatorCompiler<ZodType>(({ schema, httpPart }) => {
    // Described for readers of the OpenAPI document; the code that uses a header checks it.
    if (httpPart === 'headers') return () => true;
    return (input: unknown) => {
      const result = schema.safeParse(input);
      if (result.success) return { value: result.data };
      return { error: new Refused('invalid_request', undefined, { errors: result.error.issues.slice(0, maxErrors).flatMap((issue) => fieldErrors(issue, httpPart ?? 'body')) }) };
    };
  });
  // The views are made by typed code, so checking them again would only cost time.
  app.setSerializerCompiler(() => (view) => JSON.stringify(view));
}

/** Enough to correct a request by; the answer stays small however large the request was. */
const maxErrors = 20;
const maxName = 100;

type Issue = { code: string; path: PropertyKey[]; message: string; keys?: string[] };

const fieldErrors = ({ code, path, message, keys }: Issue, part: string) => {
  const place = (names: readonly PropertyKey[]): string => (names.length === 0 ? part : names.map((name) => String(name).slice(0, maxName)).join('.'));
  if (code === 'unrecognized_keys' && keys !== undefined) return keys.slice(0, maxErrors).map((key) => ({ path: place([...path, key]), message: 'is not known here' }));
  return [{ path: place(path), message }];
};
