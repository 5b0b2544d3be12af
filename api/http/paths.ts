/** Unknown paths and wrong methods. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Refused, sendProblem } from './problems.ts';

/**
 * Remembers the routes, so that a wrong method is told from a wrong path.
 * @returns the handler for what no route takes.
 */
export function createNotFoundHandler(app: FastifyInstance): (request: FastifyRequest, reply: FastifyReply) => FastifyReply {
  const routes: { pattern: RegExp; methods: string[] }[] = [];
  app.addHook('onRoute', ({ url, method }) => {
    if (url.includes('*')) return;
    const pattern = new RegExp(`^${url.replaceAll('.', '\\.').replaceAll(/:[^/]+/g, '[^/]+')}$`);
    routes.push({ pattern, methods: [method].flat() });
  });
  return (request, reply) => {
    const path = request.url.split('?', 1)[0] ?? '';
    const allowed = new Set(routes.filter(({ pattern }) => pattern.test(path)).flatMap(({ methods }) => methods));
    if (allowed.size === 0) return sendProblem(new Refused('not_found'), request, reply);
    return sendProblem(new Refused('method_not_allowed', `Allowed here: ${[...allowed].join(', ')}.`), request, reply.header('allow', [...allowed].join(', ')));
  };
}
