// What Node's HTTP server alone does of the same work: `tsx bare-server.ts STEP_MS`. Prints its port. Each step writes one event of
// the size of ours to each open response.
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const STEP_MS = Number(process.argv[2] ?? 0);
const CHUNK = `data: ${JSON.stringify({
  id: 'chatcmpl-00000000-0000-0000-0000-000000000000',
  object: 'chat.completion.chunk',
  created: 1_763_750_000,
  model: 'bench',
  choices: [{ index: 0, delta: { content: ' word' }, logprobs: null, finish_reason: null }],
})}\n\n`;
const open = new Map<ServerResponse, number>();

function later(): void {
  STEP_MS === 0 ? setImmediate(step) : setTimeout(step, STEP_MS);
}

function write(response: ServerResponse, left: number): void {
  response.write(CHUNK);
  if (left > 1) {
    open.set(response, left - 1);
  } else {
    open.delete(response);
    response.end('data: [DONE]\n\n');
  }
}

function step(): void {
  for (const [response, left] of open) {
    write(response, left);
  }
  if (open.size > 0) {
    later();
  }
}

const server = createServer((request, response) => {
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => {
    const { max_tokens: tokens } = JSON.parse(Buffer.concat(parts).toString());
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' });
    response.on('close', () => open.delete(response));
    if (open.size === 0) {
      later();
    }
    write(response, tokens);
  });
}).listen(0, '127.0.0.1', () => console.log(`port ${(server.address() as AddressInfo).port}`));
