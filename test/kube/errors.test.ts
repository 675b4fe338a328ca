import { ApiObject, JsonPatch } from 'cdk8s';
import { Construct } from 'constructs';
import { describe, expect, test } from 'vitest';
import { warn } from '../../lib/kube/annotations';
import { holdsKeyMaterial, redact, refusalMessage } from '../../lib/kube/errors';
import { guarded } from '../../lib/rules/checked';
import { FAKE_KEYS, messageOf, nimChart } from '../support/chart';

describe('a refusal', () => {
  const said = (given: unknown) =>
    refusalMessage(new Construct(nimChart(), 'Llama'), {
      what: 'port',
      given,
      allowed: 'a port',
      fix: 'write port: 1',
    });

  test('says where, what was given, what is allowed and what to write', () => {
    expect(said(0)).toBe('[chart/Llama] port is 0, allowed is a port; write port: 1');
  });

  test.each([
    ['text', 'a', '"a"'],
    ['nothing', undefined, 'not given'],
    ['a map', { a: 1 }, '{"a":1}'],
    ['an empty list', [], '[]'],
    ['no number', Number.NaN, 'NaN'],
    ['too large a number', Number.POSITIVE_INFINITY, 'Infinity'],
  ])('shows %s', (_, given, shown) => {
    expect(said(given)).toBe(`[chart/Llama] port is ${shown}, allowed is a port; write port: 1`);
  });

  test.each(Object.entries(FAKE_KEYS))('repeats no %s, wherever it was put', (_, key) => {
    const scope = new Construct(nimChart(), key);
    const message = refusalMessage(scope, { what: key, given: { key }, allowed: key, fix: key });
    expect(message).not.toContain(key.slice(12));
  });
});

describe('key material', () => {
  test.each(Object.entries(FAKE_KEYS))('is seen in a text around it: %s', (_, key) => {
    expect(holdsKeyMaterial(`Bearer ${key}\n`)).toBe(true);
    expect(redact(`a ${key} b`)).toMatch(/^a \w+-?\.\.\. b$/);
  });

  test('is seen where a name runs into it', () => {
    expect(holdsKeyMaterial(`NGC_${FAKE_KEYS['NGC key']}`)).toBe(true);
  });

  test('is seen in temporary AWS keys', () => {
    expect(holdsKeyMaterial(FAKE_KEYS['AWS access key id'].replace('AKIA', 'ASIA'))).toBe(true);
  });

  test.each(['nvapi-key', 'ngc/api-key', 'hf_hub_download_timeout_seconds', 'AKIA', 'shelf_of_models'])(
    'is not %s',
    (text) => {
      expect(holdsKeyMaterial(text)).toBe(false);
    },
  );
});

describe('a guarded object', () => {
  const configMap = () =>
    guarded(new ApiObject(nimChart(), 'Settings', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 's' } }));

  test('renders as before where it holds no key', () => {
    expect(configMap().toJson()).toEqual({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 's', namespace: 'nim' },
    });
  });

  test('is refused for a key in a value that came late', () => {
    const object = configMap();
    object.addJsonPatch(JsonPatch.add('/data', { token: FAKE_KEYS['Hugging Face token'] }));
    expect(messageOf(() => object.toJson())).toContain('[chart/Settings] data.token is "hf_...", allowed is any text');
  });

  test('is refused for a key as the name of a field', () => {
    const object = configMap();
    object.addJsonPatch(JsonPatch.add('/data', { [FAKE_KEYS['NGC key']]: 'x' }));
    expect(messageOf(() => object.toJson())).toContain('[chart/Settings] data.nvapi-... is "nvapi-..."');
  });
});

describe('a warning', () => {
  test('is metadata that the CDK prints, where a stack is around', () => {
    const stack = new Construct(nimChart(), 'Stack');
    Object.assign(stack, { stackName: 'Stack' });
    const cache = new Construct(stack, 'Cache');
    warn(cache, 'lib:id', 'careful');
    expect(cache.node.metadata).toMatchObject([{ type: 'aws:cdk:warning', data: 'careful [ack: lib:id]' }]);
  });
});
