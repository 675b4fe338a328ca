import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import { makeCertificates } from '../support/certificates.js';
import type { Check, Trial } from './check.js';
import { command, folder, Served } from './process.js';

interface Client {
  readonly ca: Buffer;
  readonly key?: Buffer;
  readonly cert?: Buffer;
}

/** A chat over TLS: its status, and whether its stream ended; or why there was no connection. */
function chat({ port }: Served, client: Client, trial: Trial): Promise<string> {
  return new Promise((resolve) => {
    const answered = (line: string) => {
      trial.saw(line);
      resolve(line);
    };
    trial.sent(`POST https://localhost:${port}/v1/chat/completions ${client.cert ? 'with' : 'without'} a certificate`);
    const headers = { 'content-type': 'application/json' };
    const options = { method: 'POST', headers, agent: false as const, ...client };
    const call = request(`https://localhost:${port}/v1/chat/completions`, options, (response) => {
      const ended = text(response).then((body) => (body.endsWith('data: [DONE]\n\n') ? 'whole' : body));
      ended.then(
        (body) => answered(`${response.statusCode} ${body}`),
        (error: Error) => answered(error.message),
      );
    });
    call.on('error', (error: NodeJS.ErrnoException) => answered(`no answer: ${error.code}`));
    call.end(JSON.stringify({ messages: [{ role: 'user', content: 'Hello' }], max_tokens: 8, stream: true }));
  });
}

export const TLS_CHECKS: readonly Check[] = [
  {
    number: 46,
    part: 'TLS',
    title: 'NIM_SSL_MODE tls and mtls with their three paths',
    run: async (trial) => {
      const { authority, server, client } = makeCertificates();
      const ca = readFileSync(authority);
      const known = { ca, key: client.key, cert: client.certificate };
      for (const [mode, stranger] of [
        ['tls', /^200 whole$/],
        ['mtls', /^no answer: /],
      ] as const) {
        const env = {
          NIM_SSL_MODE: mode,
          NIM_SSL_KEY_PATH: server.key,
          NIM_SSL_CERTS_PATH: server.certificate,
          NIM_SSL_CA_CERTS_PATH: authority,
        };
        const served = await Served.start({ env, trial });
        try {
          await served.ready();
          assert.match(await chat(served, { ca }, trial), stranger);
          assert.equal(await chat(served, known, trial), '200 whole');
        } finally {
          served.container.signal('SIGKILL');
          await served.container.exited;
        }
      }
      const env = {
        NIM_SSL_MODE: 'tls',
        NIM_SSL_KEY_PATH: '/absent.pem',
        NIM_SERVER_PORT: '0',
        NIM_CACHE_PATH: folder(),
      };
      const { status, lastLine } = await command(['nim-serve'], env, trial);
      assert.notEqual(status, 0);
      assert.match(lastLine, /NIM_SSL_KEY_PATH is "\/absent\.pem", which cannot be read \(ENOENT\); name a PEM file$/);
    },
  },
];
