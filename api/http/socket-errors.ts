/** What never becomes a request: broken HTTP, headers that are too large or too slow. */
import type { Socket } from 'node:net';
import { failures, type FailureCode } from '../../contracts/failures.ts';
import { Refused, toProblem } from './problems.ts';

const codes: Readonly<Record<string, FailureCode>> = { HPE_HEADER_OVERFLOW: 'headers_too_large', ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout' };
const reasons: Readonly<Record<number, string>> = { 400: 'Bad Request', 408: 'Request Timeout', 431: 'Request Header Fields Too Large' };

/** Answers on the bare socket, as there is no reply yet, and closes it. */
export function answerSocketError(error: Error & { code?: string }, socket: Socket, requestId: string): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  if (socket.writable) {
    const code = codes[error.code ?? ''] ?? 'malformed_request';
    const { status } = failures[code];
    const body = JSON.stringify(toProblem(new Refused(code), requestId));
    const head = [`HTTP/1.1 ${status} ${reasons[status] ?? ''}`, 'content-type: application/problem+json', `content-length: ${Buffer.byteLength(body)}`, `x-request-id: ${requestId}`, 'connection: close'];
    socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
  }
  socket.destroySoon();
}
