/** `/v1/resources` */
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { isRefusal, unknownResource } from '../contracts/failures.ts';
import { listResourcesQuery, putResourceBody, resourceView } from '../contracts/resources.ts';
import { foreignId } from '../contracts/values.ts';
import { findResource, listResources, putResource } from '../services/database/resources.ts';
import type { ApiDependencies } from './dependencies.ts';
import { callerOf } from './http/caller.ts';
import { answers } from './http/openapi.ts';
import { Refused } from './http/problems.ts';

const tags = ['Resources'];
const params = z.object({ id: foreignId.describe("The shop's own id.") });

export const resourceRoutes = ({ databases }: ApiDependencies): FastifyPluginCallbackZod => (app, _options, done) => {
  app.put(
    '/resources/:id',
    {
      schema: {
        tags,
        summary: 'Create a resource, or replace it',
        params,
        body: putResourceBody,
        response: answers('PUT', { 200: resourceView, 201: resourceView }, ['resource_in_use', 'database_conflict']),
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const outcome = await putResource(databases.write, callerOf(request).tenantId, id, request.body);
      if (isRefusal(outcome)) throw Refused.of(outcome);
      if (!outcome.created) return await reply.code(200).send(outcome.view);
      return await reply.code(201).header('location', `/v1/resources/${encodeURIComponent(id)}`).send(outcome.view);
    },
  );

  app.get(
    '/resources',
    {
      schema: {
        tags,
        summary: 'Search resources, by id',
        description: 'With `from` and `to`: what is free for those dates, else for now. It may be behind by moments; the booking itself decides.',
        querystring: listResourcesQuery,
        response: answers('GET', { 200: z.object({ items: z.array(resourceView), nextCursor: z.string().optional() }) }, ['invalid_cursor', 'invalid_dates']),
      },
    },
    async (request, reply) => {
      const { query } = request;
      if (query.from !== undefined && query.to !== undefined && query.to <= query.from) throw new Refused('invalid_dates', '`to` must be after `from`.');
      const { items, nextCursor } = await listResources(databases.read, callerOf(request).tenantId, query);
      return await reply.send({ items: [...items], ...(nextCursor !== undefined && { nextCursor }) });
    },
  );

  app.get('/resources/:id', { schema: { tags, summary: 'One resource', params, response: answers('GET', { 200: resourceView }, ['resource_not_found']) } }, async (request, reply) => {
    const { id } = request.params;
    const resource = await findResource(databases.write, callerOf(request).tenantId, id);
    if (resource === undefined) throw Refused.of(unknownResource(id));
    return await reply.send(resource);
  });
  done();
};
