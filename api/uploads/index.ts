/** `/v1/uploads`: images for products. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyPluginCallback } from 'fastify';
import type { FastifyPluginCallbackZod, ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { newUploadId } from '../../client/index.ts';
import { emptyBody } from '../../contracts/bookings/schemas.ts';
import { unknownUpload } from '../../contracts/failures.ts';
import { hasEnded, maxImageBytes, maxImagePixels, maxImagesOfUpload } from '../../contracts/uploads/flow.ts';
import { createUploadQuery, listUploadsQuery, uploadSummary, uploadView, type UploadView } from '../../contracts/uploads/schemas.ts';
import { foreignId } from '../../contracts/values.ts';
import { findProduct, unknownProduct } from '../../services/database/products.ts';
import { createUpload } from '../../services/database/uploads/create.ts';
import { findUpload, listUploads } from '../../services/database/uploads/queries.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { callerOf } from '../http/caller.ts';
import { answers } from '../http/openapi.ts';
import { Refused } from '../http/problems.ts';
import { uploadWithLinks } from './links.ts';
import { acceptImages, receiveImages } from './receive.ts';

const tags = ['Marketplace'];
const params = z.object({ id: foreignId.describe('upl_…') });

/** How long a cancellation is watched before the answer says what is there. */
const cancelPatienceMs = 1_000;
const lookPauseMs = 50;

export const uploadRoutes = (dependencies: ApiDependencies): FastifyPluginCallbackZod => (app, _options, done) => {
  const { databases, temporal } = dependencies;
  app.register(sendingRoute(dependencies));

  app.get(
    '/uploads',
    {
      schema: {
        tags,
        summary: 'List uploads of images, newest first',
        querystring: listUploadsQuery,
        response: answers('GET', { 200: z.object({ items: z.array(uploadSummary), nextCursor: z.string().optional() }) }, ['invalid_cursor']),
      },
    },
    async (request, reply) => {
      const { items, nextCursor } = await listUploads(databases.read, callerOf(request).tenantId, request.query);
      return await reply.send({ items: [...items], ...(nextCursor !== undefined && { nextCursor }) });
    },
  );

  app.get(
    '/uploads/:id',
    { schema: { tags, summary: 'One upload, and what came of each image', params, response: answers('GET', { 200: uploadView }, ['upload_not_found']) } },
    async (request, reply) => await reply.send(await shown(dependencies, callerOf(request).tenantId, request.params.id)),
  );

  app.post(
    '/uploads/:id/cancel',
    {
      schema: {
        tags,
        summary: 'Stop an upload; images that are done stay on the product',
        description: 'The answer says how it stands within a second. Cancelling what was cancelled answers it as it is.',
        params,
        body: emptyBody,
        response: answers('POST', { 202: uploadView }, ['upload_not_found', 'not_cancellable', 'temporal_unavailable']),
      },
    },
    async (request, reply) => {
      const { tenantId, holdfast } = callerOf(request);
      const { id } = request.params;
      let upload = await shown(dependencies, tenantId, id);
      if (upload.status === 'cancelled') return await reply.code(202).send(upload);
      if (hasEnded(upload)) throw new Refused('not_cancellable', `The upload is ${upload.status}.`);
      await temporal.promptly(async () => await holdfast.uploads.cancel(id));
      const endsAt = Date.now() + cancelPatienceMs;
      while (!hasEnded(upload) && Date.now() < endsAt) {
        await sleep(lookPauseMs);
        upload = await shown(dependencies, tenantId, id);
      }
      return await reply.code(202).send(upload);
    },
  );
  done();
};

async function shown(dependencies: ApiDependencies, tenantId: string, id: string): Promise<UploadView> {
  const upload = await findUpload(dependencies.databases.write, tenantId, id);
  if (upload === undefined) throw Refused.of(unknownUpload(id));
  return uploadWithLinks(upload, dependencies);
}

/** In a scope of its own: only here is a body an image, or a form. */
const sendingRoute = (dependencies: ApiDependencies): FastifyPluginCallback => (scope, _options, done) => {
  const { databases, temporal, storage, maxUploadBytes } = dependencies;
  acceptImages(scope);
  scope.withTypeProvider<ZodTypeProvider>().post(
    '/uploads',
    {
      config: { upload: true },
      schema: {
        tags,
        summary: 'Upload images of a product',
        description: `The body is the image itself, or a form (\`multipart/form-data\`) with up to ${maxImagesOfUpload} of them. JPEG, PNG, WebP, GIF (its first frame) and AVIF, at most ${maxImageBytes / 1024 / 1024} MB and ${maxImagePixels / 1_000_000} megapixels each; what it is is found out by looking. Each is made smaller, turned as it is to be seen, and freed of everything but the picture. One that cannot be used keeps no other from being used; once the first is there, the images that the product had are gone.`,
        querystring: createUploadQuery,
        response: answers('POST', { 202: uploadView }, ['product_not_found', 'file_empty', 'upload_incomplete', 'storage_unavailable', 'database_conflict', 'temporal_unavailable']),
      },
    },
    async (request, reply) => {
      const { tenantId, holdfast } = callerOf(request);
      const { productId } = request.query;
      const before = async (): Promise<void> => {
        if ((await findProduct(databases.write, tenantId, productId)) === undefined) throw Refused.of(unknownProduct(productId));
      };
      const images = await receiveImages(request, reply, { db: databases.write, storage, maxBytes: maxUploadBytes, before });
      if (images === undefined) return await reply;
      const uploadId = request.idempotency?.idFor('upl') ?? newUploadId();
      await createUpload(databases.write, { tenantId, uploadId, productId, images });
      await temporal.promptly(async () => await holdfast.uploads.begin(uploadId, productId));
      return await reply.code(202).header('location', `/v1/uploads/${uploadId}`).send(await shown(dependencies, tenantId, uploadId));
    },
  );
  done();
};
