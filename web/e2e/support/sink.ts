// An endpoint as a subscriber has it, whose answers a test decides.

import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request that arrived. */
export interface Received {
  headers: IncomingHttpHeaders;
  body: string;
}

/** A running endpoint. */
export interface Sink {
  url: string;
  /** What it answers from now on. */
  answer: { status: number; body: string; headers?: Record<string, string> };
  received: Received[];
  stop(): Promise<void>;
}

/** Starts an endpoint that answers with `status`. */
export async function startSink(status = 204, body = ''): Promise<Sink> {
  const received: Received[] = [];
  const answer: Sink['answer'] = { status, body };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      received.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
      response.writeHead(answer.status, { 'content-type': 'text/plain', ...answer.headers });
      response.end(answer.status === 204 ? undefined : answer.body);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/hooks`,
    answer,
    received,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
