/** `/v1/products`: what is sold on the marketplace, and the files of what is digital. */
import type { FastifyPluginCallback } from 'fastify';
import type { FastifyPluginCallbackZod, ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { isRefusal } from '../contracts/failures.ts';
import { listProductsQuery, maxProductFileBytes, productView, putProductBody, putProductFileQuery } from '../contracts/products.ts';
import { foreignId } from '../contracts/values.ts';
import { findProduct, listProducts, notDigital, putProduct, setProductFile, unknownProduct } from '../services/database/products.ts';
import type { ApiDependencies } from './dependencies.ts';
import { callerOf } from './http/caller.ts';
import { answers } from './http/openapi.ts';
import { Refused } from './http/problems.ts';
import { acceptFiles, receiveFile } from './http/upload.ts';
import { productWithLinks } from './uploads/links.ts';

const tags = ['Marketplace'];
const params = z.object({ id: foreignId.describe("The shop's own id.") });
const fileType = 'application/octet-stream';

export const productRoutes = (dependencies: ApiDependencies): FastifyPluginCallbackZod => (app, _options, done) => {
  const { databases } = dependencies;
  app.put(
    '/products/:id',
    {
      schema: {
        tags,
        summary: 'Create a product, or replace it',
        description: 'Its file stays, unless it becomes physical. What was bought keeps the price that it had.',
        params,
        body: putProductBody,
        response: answers('PUT', { 200: productView, 201: productView }, ['database_conflict']),
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const { view, created } = await putProduct(databases.write, callerOf(request).tenantId, id, request.body);
      if (!created) return await reply.code(200).send(productWithLinks(view, dependencies));
      return await reply.code(201).header('location', `/v1/products/${encodeURIComponent(id)}`).send(productWithLinks(view, dependencies));
    },
  );

  app.get(
    '/products',
    {
      schema: {
        tags,
        summary: 'List products, by id',
        querystring: listProductsQuery,
        response: answers('GET', { 200: z.object({ items: z.array(productView), nextCursor: z.string().optional() }) }, ['invalid_cursor']),
      },
    },
    async (request, reply) => {
      const { items, nextCursor } = await listProducts(databases.read, callerOf(request).tenantId, request.query);
      return await reply.send({ items: items.map((product) => productWithLinks(product, dependencies)), ...(nextCursor !== undefined && { nextCursor }) });
    },
  );

  app.get('/products/:id', { schema: { tags, summary: 'One product', params, response: answers('GET', { 200: productView }, ['product_not_found']) } }, async (request, reply) => {
    const { id } = request.params;
    const product = await findProduct(databases.write, callerOf(request).tenantId, id);
    if (product === undefined) throw Refused.of(unknownProduct(id));
    return await reply.send(productWithLinks(product, dependencies));
  });

  app.register(fileRoute(dependencies));
  done();
};

/** In a scope of its own: only here is a body anything but JSON, and here it is nothing else. */
const fileRoute = (dependencies: ApiDependencies): FastifyPluginCallback => (scope, _options, done) => {
  const { databases, storage } = dependencies;
  acceptFiles(scope, fileType);
  scope.withTypeProvider<ZodTypeProvider>().put(
    '/products/:id/file',
    {
      config: { upload: true },
      schema: {
        tags,
        summary: 'Upload the file of a digital product',
        description: `The body is the file itself, as \`${fileType}\`, at most ${maxProductFileBytes / 1024 / 1024} MB. It takes the place of the one before, also for those who bought it already.`,
        params,
        querystring: putProductFileQuery,
        response: answers('PUT', { 200: productView }, ['product_not_found', 'file_empty', 'upload_incomplete', 'storage_unavailable', 'database_conflict']),
      },
    },
    async (request, reply) => {
      const { tenantId } = callerOf(request);
      const { id } = request.params;
      const product = await findProduct(databases.write, tenantId, id);
      if (product === undefined) throw Refused.of(unknownProduct(id));
      if (product.kind !== 'digital') throw Refused.of(notDigital(id));
      const file = await receiveFile(request, reply, { db: databases.write, storage, area: 'products', contentType: fileType, maxBytes: maxProductFileBytes });
      if (file === undefined) return await reply;
      const view = await setProductFile(databases.write, tenantId, id, { key: file.key, name: request.query.name ?? product.name.replaceAll(/[/\\]/g, '_') });
      if (isRefusal(view)) throw Refused.of(view);
      return await reply.send(productWithLinks(view, dependencies));
    },
  );
  done();
};
