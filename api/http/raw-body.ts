/** Bodies as they came, whatever they are: a signature is made over bytes. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Delivery } from '../../services/payments/notifications.ts';

const nothing = new Uint8Array();

/** For the routes of `app` only; the server's limit of size holds here too. */
export function acceptRawBody(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<Buffer>('*', { parseAs: 'buffer' }, (_request, bytes, done) => done(null, bytes));
}

/** What arrived, as the verifiers of the gateways want it. */
export function deliveryOf(request: FastifyRequest): Delivery {
  const mark = request.url.indexOf('?');
  const signature = request.headers['stripe-signature'];
  return {
    body: request.body instanceof Uint8Array ? request.body : nothing,
    contentType: request.headers['content-type'],
    ...(typeof signature === 'string' && { signature }),
    ...(mark !== -1 && { query: request.url.slice(mark + 1) }),
  };
}
