/** What the floor asks: a server of its own that reads a request and answers about as much as a gateway does. */
import { createServer } from 'node:http';

const answer = JSON.stringify({ id: 'pi_floor', status: 'succeeded', padding: 'x'.repeat(1_500) });

const server = createServer((request, response) => {
  request.resume().once('end', () => response.setHeader('content-type', 'application/json').end(answer));
});
process.once('disconnect', () => {
  server.close();
  server.closeAllConnections();
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.send?.(typeof address === 'object' && address !== null ? `http://127.0.0.1:${address.port}` : '');
});
