/** `/v1/shop` */
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod';
import { putShopBody, shopView } from '../contracts/shop.ts';
import { loadShop, putShop } from '../services/database/shop.ts';
import type { ApiDependencies } from './dependencies.ts';
import { callerOf } from './http/caller.ts';
import { answers } from './http/openapi.ts';

const tags = ['Shop'];

export const shopRoutes = ({ databases }: ApiDependencies): FastifyPluginCallbackZod => (app, _options, done) => {
  app.get('/shop', { schema: { tags, summary: 'What invoices say about the shop', response: answers('GET', { 200: shopView }, []) } }, async (request, reply) =>
    await reply.send(await loadShop(databases.write, callerOf(request).tenantId)));

  app.put(
    '/shop',
    {
      schema: {
        tags,
        summary: 'Change what invoices say about the shop',
        description: 'Invoices that were issued before stay as they are.',
        body: putShopBody,
        response: answers('PUT', { 200: shopView }, []),
      },
    },
    async (request, reply) => await reply.send(await putShop(databases.write, callerOf(request).tenantId, request.body)),
  );
  done();
};
