/** What is in stock, and what sellers are owed. */
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { inventoryStatistics, sellerBalance } from '../contracts/products.ts';
import { foreignId } from '../contracts/values.ts';
import { listInventoryStatistics } from '../services/database/purchases/inventory.ts';
import { findSellerBalance } from '../services/database/purchases/queries.ts';
import type { ApiDependencies } from './dependencies.ts';
import { callerOf } from './http/caller.ts';
import { answers } from './http/openapi.ts';

export const inventoryRoutes = ({ databases }: ApiDependencies): FastifyPluginCallbackZod => (app, _options, done) => {
  app.get(
    '/inventory/statistics',
    {
      schema: {
        tags: ['Resources'],
        summary: 'How many there are, held and sold, of each kind',
        description: 'As it was when it was last counted, which is after each sale of a vehicle.',
        response: answers('GET', { 200: z.object({ items: z.array(inventoryStatistics) }) }, []),
      },
    },
    async (request, reply) => await reply.send({ items: await listInventoryStatistics(databases.read, callerOf(request).tenantId) }),
  );

  app.get(
    '/sellers/:id/balance',
    {
      schema: {
        tags: ['Marketplace'],
        summary: 'What a seller is owed',
        params: z.object({ id: foreignId.describe('The seller, by the own id of the shop.') }),
        response: answers('GET', { 200: sellerBalance }, []),
      },
    },
    async (request, reply) => await reply.send(await findSellerBalance(databases.write, callerOf(request).tenantId, request.params.id)),
  );
  done();
};
