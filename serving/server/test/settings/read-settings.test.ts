import { describe, expect, it } from 'vitest';
import { splitArguments } from '../../src/settings/flags.js';
import { readSettings, type SettingSources } from '../../src/settings/read-settings.js';

const read = (sources: Partial<SettingSources>) => readSettings({ argv: [], env: {}, ...sources });

describe('settings', () => {
  it('have the defaults of a NIM', () => {
    const { settings, origin, warnings } = read({});
    expect(settings).toMatchObject({
      port: 8000,
      cachePath: '/opt/nim/.cache',
      tensorParallelSize: 1,
      prefixCaching: true,
    });
    expect(origin.size).toBe(0);
    expect(warnings).toEqual([]);
  });

  it('come from the command line, NIM_PASSTHROUGH_ARGS, variables, runtime_config.json and tags, in this order', () => {
    const all = {
      argv: ['--max-model-len', '1'],
      env: { NIM_PASSTHROUGH_ARGS: '--max-model-len=2', NIM_MAX_MODEL_LEN: '3' },
      runtimeConfig: { max_model_len: 4 },
    };
    const value = (sources: Partial<SettingSources>) => read(sources).settings.maxModelLen;
    expect(value(all)).toBe(1);
    expect(value({ ...all, argv: [] })).toBe(2);
    expect(value({ ...all, argv: [], env: { NIM_MAX_MODEL_LEN: '3' } })).toBe(3);
    expect(value({ runtimeConfig: all.runtimeConfig })).toBe(4);
    expect(value({})).toBeUndefined();
    expect(read({ profileTags: { tp: '2' } }).settings.tensorParallelSize).toBe(2);
  });

  it('say where each came from', () => {
    const { origin } = read({ argv: ['--port=9000'], env: { NIM_LOG_LEVEL: 'WARNING' }, profileTags: { tp: '2' } });
    expect(Object.fromEntries(origin)).toEqual({
      port: 'command line: --port',
      logLevel: 'NIM_LOG_LEVEL',
      tensorParallelSize: 'profile tag tp',
    });
  });

  it.each([
    ['1', true],
    ['true', true],
    ['TRUE', true],
    ['0', false],
    ['false', false],
  ])('take %s as a boolean', (text, value) => {
    expect(read({ env: { NIM_JSONL_LOGGING: text } }).settings.jsonLogging).toBe(value);
  });

  it('count an empty variable as absent', () => {
    expect(read({ env: { NIM_MODEL_PATH: '' } }).settings.modelPath).toBeUndefined();
  });

  it('prefer NIM_SERVER_PORT to the older NIM_HTTP_API_PORT', () => {
    expect(read({ env: { NIM_HTTP_API_PORT: '1', NIM_SERVER_PORT: '2' } }).settings.port).toBe(2);
    expect(read({ env: { NIM_HTTP_API_PORT: '1' } }).settings.port).toBe(1);
  });

  it('let the last of two equal flags win, and --no- turn a switch off', () => {
    const { settings } = read({ argv: ['--port=1', '--port', '2', '--no-enable-prefix-caching'] });
    expect(settings).toMatchObject({ port: 2, prefixCaching: false });
  });

  it('take the suffixes of Kubernetes quantities', () => {
    expect(read({ argv: ['--memory-bytes=1.5Gi'] }).settings.memoryBytes).toBe(1.5 * 2 ** 30);
  });

  it('take the share of memory by all its names, as a share or in percent', () => {
    const value = (sources: Partial<SettingSources>) => read(sources).settings.memoryShare;
    for (const name of ['NIM_KVCACHE_PERCENT', 'NIM_KV_CACHE_PERCENT', 'NIM_GPU_MEM_FRACTION']) {
      expect(value({ env: { [name]: '0.85' } })).toBe(0.85);
    }
    expect(value({ env: { NIM_PASSTHROUGH_ARGS: '--gpu-memory-utilization 0.8', NIM_KVCACHE_PERCENT: '0.5' } })).toBe(
      0.8,
    );
    expect(['90', '90%', '1', '.5'].map((text) => value({ env: { NIM_KVCACHE_PERCENT: text } }))).toEqual([
      0.9, 0.9, 1, 0.5,
    ]);
  });

  it('warn of variables that mean nothing, with the name that was meant', () => {
    expect(
      read({ env: { NIM_MAX_MODEL_LENGTH: '1', NIM_TRITON_GRPC_PORT: '1', NIM_XYZ: '1', PATH: '/bin' } }).warnings,
    ).toEqual([
      'NIM_MAX_MODEL_LENGTH means nothing to this server; did you mean NIM_MAX_MODEL_LEN?',
      'NIM_XYZ means nothing to this server',
    ]);
  });
});

describe('a setting that cannot be used', () => {
  it.each([
    [
      { env: { NIM_MAX_MODEL_LEN: 'long' } },
      'NIM_MAX_MODEL_LEN is "long", allowed is a whole number of tokens from 1 to 16777216 (longest context in tokens; the model sets it otherwise); leave it out otherwise',
    ],
    [
      { argv: ['--max-model-lenn=1'] },
      'command line has "--max-model-lenn=1", allowed are the flags of nim-serve --help; did you mean --max-model-len?',
    ],
    [{ argv: ['serve'] }, 'command line has "serve", allowed are the flags of nim-serve --help; leave it out'],
    [
      { argv: ['--port'] },
      'command line: --port has no value, allowed is a TCP port from 1 to 65535, or 0 for any free one; write --port=VALUE',
    ],
    [
      { env: { NIM_KVCACHE_PERCENT: '0' } },
      'NIM_KVCACHE_PERCENT is "0", allowed is a share such as 0.9 or a percentage such as 90 (share of the free device memory for the same; NIM_MEMORY_BYTES goes before it); leave it out otherwise',
    ],
    [
      { env: { NIM_SSL_MODE: 'on' } },
      'NIM_SSL_MODE is "on", allowed is disabled, tls, mtls (TLS of the API); without it the value is disabled',
    ],
  ])('%j', (sources, message) => {
    expect(() => read(sources)).toThrow(message);
  });
});

describe('NIM_PASSTHROUGH_ARGS', () => {
  it.each([
    ['--a 1  --b=2', ['--a', '1', '--b=2']],
    [`--a 'x y' --b "p \\"q\\""`, ['--a', 'x y', '--b', 'p "q"']],
    ['--a x\\ y', ['--a', 'x y']],
    ['  ', []],
  ])('%s is split as a shell does', (line, words) => {
    expect(splitArguments(line)).toEqual(words);
  });
});
