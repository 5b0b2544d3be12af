/** What a payer, or a machine in a payer's place, posted to a page: a form, or JSON. */
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { rawBody } from './answers.ts';
import { parseFlat } from './forms.ts';

export const wantsJson = (request: FastifyRequest): boolean => (request.headers['content-type'] ?? '').startsWith('application/json');

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function readDecision<Decision>(request: FastifyRequest, schema: z.ZodType<Decision>): Decision | undefined {
  const body = rawBody(request);
  return schema.safeParse(wantsJson(request) ? parseJson(body) : parseFlat(body)).data;
}
