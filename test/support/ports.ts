import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';

/** Something that listens on this machine only. @param port 0: any. */
export async function listener(port = 0): Promise<{ server: Server; port: number }> {
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port };
}

/** A port that nobody listens on now. */
export async function freePort(): Promise<number> {
  const { server, port } = await listener();
  server.close();
  await once(server, 'close');
  return port;
}
