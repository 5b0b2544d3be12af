/** `/v1/baskets` */
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { isRefusal } from '../contracts/failures.ts';
import { basketView, putBasketItemBody } from '../contracts/products.ts';
import { foreignId } from '../contracts/values.ts';
import { findBasket, putBasketItem } from '../services/database/baskets.ts';
import type { ApiDependencies } from './dependencies.ts';
import { callerOf } from './http/caller.ts';
import { answers } from './http/openapi.ts';
import { Refused } from './http/problems.ts';

const tags = ['Marketplace'];
const customer = z.object({ customerId: foreignId });

export const basketRoutes = ({ databases }: ApiDependencies): FastifyPluginCallbackZod => (app, _options, done) => {
  app.put(
    '/baskets/:customerId/items/:productId',
    {
      schema: {
        tags,
        summary: 'Say how many of a product are in a basket',
        params: customer.extend({ productId: foreignId }),
        body: putBasketItemBody,
        response: answers('PUT', { 200: basketView }, ['product_not_found', 'database_conflict']),
      },
    },
    async (request, reply) => {
      const { customerId, productId } = request.params;
      const basket = await putBasketItem(databases.write, callerOf(request).tenantId, customerId, productId, request.body.quantity);
      if (isRefusal(basket)) throw Refused.of(basket);
      return await reply.send(basket);
    },
  );

  app.get(
    '/baskets/:customerId',
    { schema: { tags, summary: 'A basket, priced as things are now', description: 'Anybody has one; at first it is empty.', params: customer, response: answers('GET', { 200: basketView }, []) } },
    async (request, reply) => await reply.send(await findBasket(databases.write, callerOf(request).tenantId, request.params.customerId)),
  );
  done();
};
