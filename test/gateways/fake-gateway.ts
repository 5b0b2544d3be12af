/** A gateway that answers what the test says, and keeps what it was asked. */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from '@jest/globals';
import { GatewayError, type Charge, type GatewayErrorKind } from '../../services/payments/gateway.ts';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

export type Reply = { readonly status?: number; readonly headers?: Record<string, string>; readonly json?: unknown; readonly text?: string; readonly afterMs?: number } | 'drop' | 'hang';

export interface FakeGateway {
  readonly url: string;
  readonly asked: Asked[];
  /** What is answered from now on. Forgets what was asked. */
  answer(reply: Reply | ((asked: Asked, nth: number) => Reply)): void;
  stop(): Promise<void>;
}

export async function startFakeGateway(): Promise<FakeGateway> {
  const asked: Asked[] = [];
  let replyTo: (asked: Asked, nth: number) => Reply = () => 'drop';
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const url = new URL(request.url ?? '/', 'http://fake');
      const one = { method: request.method ?? '', path: url.pathname, query: url.searchParams, headers: request.headers, text: Buffer.concat(chunks).toString('utf8') };
      asked.push(one);
      const reply = replyTo(one, asked.length);
      if (reply === 'hang') return;
      if (reply === 'drop') {
        request.socket.destroy();
        return;
      }
      const answer = (): void => {
        response.writeHead(reply.status ?? 200, { 'content-type': 'application/json', ...reply.headers });
        response.end(reply.text ?? JSON.stringify(reply.json ?? {}));
      };
      if (reply.afterMs === undefined) answer();
      else setTimeout(answer, reply.afterMs);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    answer: (reply) => {
      asked.length = 0;
      replyTo = typeof reply === 'function' ? reply : () => reply;
    },
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

export const someCharge = (changes: Partial<Charge> = {}): Charge => ({
  tenantId: 'shop-a', paymentId: 'pay_1', amountMinor: 12_345, currency: 'EUR', method: 'pm_card_visa', capture: 'automatic', customerId: 'c1',
  description: 'A room', createdAt: new Date(), ...changes,
});

export const known = (gatewayRef: string, changes: Partial<Charge> = {}): Charge & { readonly gatewayRef: string } => ({ ...someCharge(changes), gatewayRef });

/** The error that a call ends in. */
export async function errorOf(call: Promise<unknown>): Promise<GatewayError> {
  const error: unknown = await call.then(() => undefined, (thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(GatewayError);
  return error as GatewayError;
}

export const kindOf = async (call: Promise<unknown>): Promise<GatewayErrorKind> => (await errorOf(call)).kind;
