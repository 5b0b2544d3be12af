/** `/v1/shop` */
import { buffer } from 'node:stream/consumers';
import type { FastifyPluginCallback } from 'fastify';
import type { FastifyPluginCallbackZod, ZodTypeProvider } from 'fastify-type-provider-zod';
import { maxLogoBytes, maxLogoSide, putShopBody, shopView, type ShopView } from '../contracts/shop.ts';
import { loadShop, putShop, setLogo, type KeptShop } from '../services/database/shop.ts';
import { drawablePng } from '../services/invoices/logo.ts';
import type { Storage } from '../services/storage/storage.ts';
import type { ApiDependencies } from './dependencies.ts';
import { callerOf } from './http/caller.ts';
import { answers } from './http/openapi.ts';
import { Refused } from './http/problems.ts';
import { acceptFiles, discard, receiveFile } from './http/upload.ts';
import { pictureUrl } from './uploads/links.ts';

const tags = ['Shop'];
const logoType = 'image/png';

export const shopRoutes = (dependencies: ApiDependencies): FastifyPluginCallbackZod => (app, _options, done) => {
  const { databases } = dependencies;
  app.get('/shop', { schema: { tags, summary: 'What invoices say about the shop', response: answers('GET', { 200: shopView }, []) } }, async (request, reply) =>
    await reply.send(shopWithLink(await loadShop(databases.write, callerOf(request).tenantId), dependencies)));

  app.put(
    '/shop',
    {
      schema: {
        tags,
        summary: 'Change what invoices say about the shop',
        description: 'Its logo stays. Invoices that were issued before stay as they are.',
        body: putShopBody,
        response: answers('PUT', { 200: shopView }, []),
      },
    },
    async (request, reply) => await reply.send(shopWithLink(await putShop(databases.write, callerOf(request).tenantId, request.body), dependencies)),
  );

  app.register(logoRoute(dependencies));
  done();
};

/** In a scope of its own: only here is a body a picture. */
const logoRoute = (dependencies: ApiDependencies): FastifyPluginCallback => (scope, _options, done) => {
  const { databases, storage } = dependencies;
  acceptFiles(scope, logoType);
  scope.withTypeProvider<ZodTypeProvider>().put(
    '/shop/logo',
    {
      config: { upload: true },
      schema: {
        tags,
        summary: 'Upload the logo of the shop',
        description: `The body is the picture itself, as \`${logoType}\`, at most ${maxLogoBytes / 1024 / 1024} MB and ${maxLogoSide} pixels a side, not interlaced. It is at the top of the invoices that are issued from then on.`,
        response: answers('PUT', { 200: shopView }, ['image_unsupported', 'file_empty', 'upload_incomplete', 'storage_unavailable', 'database_conflict']),
      },
    },
    async (request, reply) => {
      const { tenantId } = callerOf(request);
      const file = await receiveFile(request, reply, { db: databases.write, storage, area: 'logos', contentType: logoType, maxBytes: maxLogoBytes });
      if (file === undefined) return await reply;
      if (drawablePng(await contentsOf(storage, file.key)) === undefined) {
        await discard({ db: databases.write, storage, tenantId }, file.key, request);
        throw new Refused('image_unsupported', `A logo is a PNG with 8 bits a channel, not interlaced, at most ${maxLogoSide} pixels a side.`);
      }
      return await reply.send(shopWithLink(await setLogo(databases.write, tenantId, file.key), dependencies));
    },
  );
  done();
};

async function contentsOf(storage: Storage, key: string): Promise<Buffer> {
  try {
    return await buffer(await storage.get(key));
  } catch {
    throw new Refused('storage_unavailable');
  }
}

const shopWithLink = ({ logoKey, ...shop }: KeptShop, signing: Pick<ApiDependencies, 'signingKeys' | 'publicUrl'>): ShopView => ({ ...shop, ...(logoKey !== undefined && { logoUrl: pictureUrl(logoKey, signing) }) });
