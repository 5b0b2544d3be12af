/** `/v1/notifications` */
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { listNotificationsQuery, notificationView } from '../contracts/notifications.ts';
import { listNotifications } from '../services/database/notifications.ts';
import type { ApiDependencies } from './dependencies.ts';
import { callerOf } from './http/caller.ts';
import { answers } from './http/openapi.ts';

export const notificationRoutes = ({ databases }: ApiDependencies): FastifyPluginCallbackZod => (app, _options, done) => {
  app.get(
    '/notifications',
    {
      schema: {
        tags: ['Notifications'],
        summary: 'What customers were told, newest first',
        querystring: listNotificationsQuery,
        response: answers('GET', { 200: z.object({ items: z.array(notificationView), nextCursor: z.string().optional() }) }, ['invalid_cursor']),
      },
    },
    async (request, reply) => {
      const { items, nextCursor } = await listNotifications(databases.read, callerOf(request).tenantId, request.query);
      return await reply.send({ items: [...items], ...(nextCursor !== undefined && { nextCursor }) });
    },
  );
  done();
};
