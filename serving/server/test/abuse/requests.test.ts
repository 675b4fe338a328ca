import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { hasAddon } from '../support/addon.js';
import { expectError, Victim } from './victim.js';

const COMPLETIONS = '/v1/completions';
const CHAT = '/v1/chat/completions';
const nested = (depth: number, open = '[', close = ']') => open.repeat(depth) + close.repeat(depth);
const schema = (depth: number) => [...Array(depth).fill('{"type":"array","items":'), '{}', '}'.repeat(depth)].join('');

describe.skipIf(!hasAddon)('requests that no client means well with', () => {
  let victim: Victim;
  beforeAll(async () => {
    victim = await Victim.start();
  }, 120_000);
  afterEach(() => victim.answers());
  afterAll(() => victim.stop());

  it.each([
    ['no JSON', '{"prompt": "a", "max_tokens": }'],
    ['a part of JSON', '{"prompt": "a'],
    ['nothing', ''],
    ['a number', '17'],
    ['NaN', '{"prompt":"a","temperature":NaN}'],
    ['Infinity', '{"prompt":"a","temperature":Infinity}'],
    ['a number beyond all', '{"prompt":"a","temperature":1e999}'],
    ['a number below all', '{"prompt":"a","presence_penalty":-1e999}'],
    ['a boolean for a number', '{"prompt":"a","max_tokens":true}'],
    ['a fraction of a token', '{"prompt":"a","max_tokens":1.5}'],
    ['more tokens than there are', '{"prompt":"a","max_tokens":9007199254740993}'],
    ['a stop token that another one is, in 32 bits', '{"prompt":"a","stop_token_ids":[4294967297]}'],
    ['a top_k beyond 32 bits', '{"prompt":"a","top_k":4294967297}'],
    ['token ids beyond the vocabulary', '{"prompt":[1,99999999]}'],
    ['a negative token id', '{"prompt":[-1]}'],
    ['no prompt', '{"prompt":[]}'],
    ['an empty prompt of ids', '{"prompt":[[]]}'],
    [
      'thousand stop strings',
      JSON.stringify({ prompt: 'a', stop: Array.from({ length: 1000 }, (_, at) => `stop ${at}`) }),
    ],
    ['a stop string of a million characters', JSON.stringify({ prompt: 'a', stop: 'x'.repeat(1e6) })],
    [
      'thousand logit biases',
      JSON.stringify({ prompt: 'a', logit_bias: Object.fromEntries(Array.from({ length: 1000 }, (_, at) => [at, 1])) }),
    ],
    ['more choices than a request may have', JSON.stringify({ prompt: Array(64).fill('a'), n: 128 })],
    ['a prototype', '{"prompt":"a","__proto__":{"polluted":1}}'],
    ['a prototype inside', '{"prompt":"a","logit_bias":{"__proto__":1}}'],
    ['a constructor', '{"prompt":"a","guided_json":{"constructor":{"prototype":{"polluted":1}}}}'],
    ['ten thousand brackets', `{"prompt":${nested(10_000)}}`],
    ['a million brackets', `{"prompt":${nested(1_000_000)}}`],
    ['a million braces', `{"prompt":"a","guided_json":${nested(1_000_000, '{"a":', '}').replace(':}', ':1}')}}`],
    ['a schema of a thousand levels', `{"prompt":"a","max_tokens":2,"guided_json":${schema(2500)}}`],
    ['a schema of a hundred thousand levels', `{"prompt":"a","guided_json":${schema(100_000)}}`],
    ['ten megabytes of text', JSON.stringify({ prompt: 'a'.repeat(10_000_000) })],
    ['ten megabytes of words', JSON.stringify({ prompt: 'word '.repeat(2_000_000) })],
    ['two million token ids', JSON.stringify({ prompt: Array(2_000_000).fill(5) })],
    ['two unknown forms of an answer', '{"prompt":"a","guided_regex":"a","guided_choice":["a"]}'],
  ])('%s', { timeout: 60_000 }, async (_, body) => {
    expectError(await victim.post(COMPLETIONS, body), [400, 413]);
  });

  it.each([
    ['half a million messages', { messages: Array(500_000).fill({ role: 'user', content: '' }) }],
    ['a role that is none', { messages: [{ role: 'root', content: 'a' }] }],
    ['an empty list', { messages: [] }],
    [
      'parts of no text',
      { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'file:///etc/passwd' } }] }] },
    ],
    [
      'a tool whose name is a path',
      { messages: [{ role: 'user', content: 'a' }], tools: [{ type: 'function', function: { name: '../../x' } }] },
    ],
    [
      'a tool that is not there',
      {
        messages: [{ role: 'user', content: 'a' }],
        tools: [{ type: 'function', function: { name: 'x' } }],
        tool_choice: { type: 'function', function: { name: '__proto__' } },
      },
    ],
  ])('chat: %s', { timeout: 60_000 }, async (_, body) => {
    expectError(await victim.post(CHAT, body), 400);
  });

  it('more than 16 MiB', async () => {
    expectError(await victim.post(COMPLETIONS, JSON.stringify({ prompt: 'a'.repeat(17 * 2 ** 20) })), 413);
  });

  it('text that is no UTF-8', async () => {
    const bytes = Buffer.concat([
      Buffer.from('{"max_tokens":2,"prompt":"'),
      Buffer.from([0xff, 0xc0, 0x80, 0xed, 0xa0, 0x80]),
      Buffer.from('"}'),
    ]);
    expect((await victim.post(COMPLETIONS, bytes)).status).toBe(200);
    expect((await victim.post(COMPLETIONS, '{"max_tokens":2,"prompt":"\\ud800\\u0000\\uffff"}')).status).toBe(200);
    expectError(await victim.post(COMPLETIONS, Buffer.from([0xff, 0xfe, 0x00])), 400);
  });

  it.each([
    '../../../../etc/passwd',
    '..%2F..%2F..%2Fetc%2Fpasswd',
    '%2e%2e/%2e%2e/etc/passwd',
    '/etc/passwd',
    '%25',
    '%252e%252e%252f',
    'a\\..\\..',
    '__proto__',
    'constructor',
    `${'x'.repeat(400)}`,
    '%00',
    '\u{1f680}',
  ])('a model named %j', async (name) => {
    const path = await fetch(
      `${victim.served.base}/v1/models/${name.startsWith('%') || name.includes('%') ? name : encodeURIComponent(name)}`,
    );
    expectError({ status: path.status, body: await path.json() }, 404);
    for (const [url, body] of [
      [COMPLETIONS, { prompt: 'a' }],
      [CHAT, { messages: [{ role: 'user', content: 'a' }] }],
      ['/tokenize', { prompt: 'a' }],
      ['/detokenize', { tokens: [5] }],
    ] as const) {
      expectError(await victim.post(url, { ...body, model: name }), 404);
    }
  });

  it('lines that are no HTTP', async () => {
    for (const [bytes, status] of [
      ['GET / HTTP/9.9\r\n\r\n', 400],
      ['hello\r\n\r\n', 400],
      [Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00]), 400],
      ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
      [`GET /v1/models HTTP/1.1\r\nhost: a\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`, 431],
      ['POST /v1/completions HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n', 400],
      ['POST /v1/completions HTTP/1.1\r\nhost: a\r\ncontent-length: -5\r\n\r\n', 400],
      ['POST /v1/completions HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n', 400],
      ['GET /%zz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n', 400],
      ['GET /v1/models HTTP/1.1\r\nhost: a\r\nx-y: a\rb\r\n\r\n', 400],
      ['BREW /v1/models HTTP/1.1\r\nhost: a\r\n\r\n', 400],
      ['TRACE /v1/models HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n', 404],
      ['GET //../../etc/passwd HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n', 404],
    ] as const) {
      const text = await victim.raw(bytes);
      const [head = '', body = ''] = text.split('\r\n\r\n');
      const json = body.slice(body.indexOf('{'), body.lastIndexOf('}') + 1);
      expect(head, String(bytes)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
      expectError({ status, body: JSON.parse(json) }, status);
    }
  });

  it('headers that want to be more than one', async () => {
    const origin = 'https://a.example%0d%0aset-cookie:%20x=1';
    const response = await fetch(`${victim.served.base}/v1/models`, {
      headers: { origin, 'x-request-id': 'a%0d%0ab' },
    });
    expect(response.headers.get('set-cookie')).toBeNull();
    const types = [
      'text/plain',
      'application/xml',
      'application/json; charset=utf-7',
      'multipart/form-data; boundary=x',
      'garbage',
    ];
    for (const type of types) {
      const answer = await fetch(`${victim.served.base}${COMPLETIONS}`, {
        method: 'POST',
        headers: { 'content-type': type },
        body: 'x',
      });
      expectError({ status: answer.status, body: await answer.json() }, [400, 415]);
    }
  });
});
