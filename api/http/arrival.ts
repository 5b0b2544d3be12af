/**
 * How long a request may take to arrive. Node's own limit holds for all requests of a server; here a call in JSON has to
 * be there within seconds, so that nobody holds many connections open by sending slowly, and a file may take hours as
 * long as it keeps coming.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

export interface ArrivalLimits {
  /** For a whole request, and for what nobody wants of one that has its answer. */
  readonly requestMs: number;
  /** A file is given up when fewer than `stallBytes` come within this time. */
  readonly stallMs: number;
  readonly stallBytes: number;
  /** The longest that a file may take in all. */
  readonly fileMs: number;
}

export const arrivalLimits: ArrivalLimits = {
  // Long enough for anybody's connection, too short to hold many open.
  requestMs: 15_000,
  // About one kilobyte a second.
  stallMs: 30_000,
  stallBytes: 32 * 1024,
  fileMs: 12 * 60 * 60 * 1000,
};

interface Arrival {
  readonly limits: ArrivalLimits;
  timer: NodeJS.Timeout;
  /** Starts the limit of a whole request anew. */
  readonly limit: () => NodeJS.Timeout;
}

const arrivals = new WeakMap<IncomingMessage, Arrival>();
const waitingForContinue = new WeakSet<ServerResponse>();

/**
 * To be called before any other hook is added.
 * @param answerSlow told of a connection whose request is not there in time and has no answer yet.
 */
export function limitArrivals(app: FastifyInstance, answerSlow: (socket: Socket) => void, limits: ArrivalLimits = arrivalLimits): void {
  app.addHook('onRequest', (request, reply, done) => {
    if (hasBody(request.raw)) watch(request.raw, reply.raw, answerSlow, limits);
    done();
  });
  // Who asks first is told to go on when somebody reads: a refusal then costs him no upload.
  app.server.on('checkContinue', (request, response) => {
    waitingForContinue.add(response);
    app.server.emit('request', request, response);
  });
  app.addHook('preParsing', (request, reply, _payload, done) => {
    // Of a file it is the route that knows whether it will be read.
    if (request.routeOptions.config.upload !== true) continueIfAsked(reply.raw);
    done();
  });
}

const hasBody = ({ headers }: IncomingMessage): boolean => headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

function watch(request: IncomingMessage, response: ServerResponse, answerSlow: (socket: Socket) => void, limits: ArrivalLimits): void {
  const tooSlow = (): void => {
    if (request.complete || request.socket.destroyed) return;
    // With its connection, unless all of it is here.
    if (response.headersSent) request.destroy();
    else answerSlow(request.socket);
  };
  const limit = (): NodeJS.Timeout => setTimeout(tooSlow, limits.requestMs).unref();
  const arrival = { limits, timer: limit(), limit };
  arrivals.set(request, arrival);
  for (const over of ['end', 'close']) request.once(over, () => clearTimeout(arrival.timer));
}

/** To be called before a body is read. */
export function continueIfAsked(response: ServerResponse): void {
  if (waitingForContinue.delete(response)) response.writeContinue();
}

/**
 * Lifts the limit for a file that somebody reads now.
 * @param onStalled called once when too little comes, or when it has taken too long in all.
 * @returns to be called when it is read or given up; what still comes is then under the limit of a whole request.
 */
export function arriveAtLeisure(request: IncomingMessage, onStalled: () => void): () => void {
  const arrival = arrivals.get(request);
  if (arrival === undefined) return () => undefined;
  const { limits } = arrival;
  clearTimeout(arrival.timer);
  const endsAt = Date.now() + limits.fileMs;
  let before = request.socket.bytesRead;
  const look = setInterval(() => {
    const now = request.socket.bytesRead;
    // What lies here unread says that the storage is slow, not the sender.
    const stalled = now - before < limits.stallBytes && request.readableLength === 0 && !request.complete;
    before = now;
    if (!stalled && Date.now() < endsAt) return;
    clearInterval(look);
    onStalled();
  }, limits.stallMs).unref();
  return () => {
    clearInterval(look);
    if (!request.complete) arrival.timer = arrival.limit();
  };
}
