import { Testing } from 'cdk8s';
import { describe, expect, test } from 'vitest';
import { ModelSpec } from '../../lib/catalog';
import { bundledProfiles } from '../../lib/catalog/bundled-profiles';
import { ModelSource, NgcCredentials, NimCache, NimProfile, NimService, ServingImage } from '../../lib/nim';
import { ImageOwner } from '../../lib/plan';
import { LLAMA, l40sPool, nimChart, objectsOf, problemsOf, STORE, theOnly } from '../support/chart';

const COMMIT = '0e9e39f249a16976918f6564b8830bc894c89659';
const REPOSITORY = '111122223333.dkr.ecr.us-west-2.amazonaws.com/nim-serving';
const PROFILE_ID = bundledProfiles().find(({ model }) => model === LLAMA)?.id;

function own(source?: ModelSource, tag = '1.0.0', credentials = NgcCredentials.placeholder()) {
  const chart = nimChart();
  const cache = new NimCache(chart, 'Cache', {
    image: ServingImage.own(REPOSITORY, { tag, model: ModelSpec.find(LLAMA) }),
    profile: NimProfile.own(),
    pool: l40sPool(chart),
    store: STORE,
    credentials,
    source,
  });
  return { chart, cache, service: new NimService(chart, 'Llama', { cache }) };
}

describe("this project's image", () => {
  test('downloads exactly one profile of its manifest, without a pull secret', () => {
    const { chart } = own();
    expect(problemsOf(chart)).toEqual([]);
    expect(theOnly(chart, 'NIMCache').spec.source).toEqual({
      ngc: {
        modelPuller: `${REPOSITORY}:1.0.0`,
        authSecret: 'nim-placeholder',
        model: { profiles: [PROFILE_ID] },
      },
    });
    const { spec } = theOnly(chart, 'NIMService');
    expect(spec.image.pullSecrets).toBeUndefined();
    expect(spec.storage.nimCache.profile).toBe(PROFILE_ID);
    expect(spec.resources.limits['nvidia.com/gpu']).toBe('1');
  });

  test('makes the Secret that the operator demands, which says that it holds no key', () => {
    const secret = theOnly(own().chart, 'Secret');
    expect(secret.stringData).toEqual({ NGC_API_KEY: 'not-needed', HF_TOKEN: '' });
    expect(secret.metadata.annotations).toEqual({
      'nim-constructs/placeholder':
        'no key is needed: the NIM Operator demands a Secret with these entries all the same',
    });
  });

  test('makes that Secret once for a chart', () => {
    const { chart, cache } = own();
    new NimCache(chart, 'Other', { ...cache, source: ModelSource.huggingFace('acme/other', { revision: COMMIT }) });
    expect(objectsOf(chart, 'Secret')).toHaveLength(1);
  });

  test('finds its files again after an upgrade: the folder does not follow the tag, the name does', () => {
    const [before, after] = [own(undefined, '1.0.0').cache, own(undefined, '1.0.1').cache];
    expect(after.subPath).toBe(before.subPath);
    expect(after.name).not.toBe(before.name);
  });

  test("is planned by the engine's own formula", () => {
    const { service, cache } = own();
    expect(cache.image.owner).toBe(ImageOwner.OWN);
    expect(service.plan?.request.image.owner).toBe(ImageOwner.OWN);
  });

  test('takes the token of Hugging Face from Secrets Manager, beside the placeholder', () => {
    const credentials = NgcCredentials.huggingFaceFromSecretsManager('hf/token', { region: 'us-west-2' });
    const { chart } = own(undefined, '1.0.0', credentials);
    expect(problemsOf(chart)).toEqual([]);
    expect(theOnly(chart, 'ExternalSecret').spec.target).toEqual({
      name: 'hf-token',
      creationPolicy: 'Owner',
      template: { data: { NGC_API_KEY: 'not-needed', HF_TOKEN: '{{ .key }}' } },
    });
    expect(theOnly(chart, 'NIMCache').spec.source.ngc.authSecret).toBe('hf-token');
  });
});

describe('a checkpoint of a Hugging Face hub', () => {
  const source = ModelSource.huggingFace('acme/Llama-Support', { revision: COMMIT });

  test('is downloaded at one commit, into a folder named by it', () => {
    const { chart, cache } = own(source);
    expect(problemsOf(chart)).toEqual([]);
    expect(theOnly(chart, 'NIMCache').spec.source).toEqual({
      hf: {
        endpoint: 'https://huggingface.co',
        namespace: 'acme',
        modelName: 'Llama-Support',
        revision: COMMIT,
        authSecret: 'nim-placeholder',
        modelPuller: `${REPOSITORY}:1.0.0`,
        pullSecret: 'nim-placeholder',
      },
    });
    expect(cache.subPath).toMatch(/^llama-support-0e9e39f249a1-[0-9a-f]{8}$/);
  });

  test('has no profile in the service: the operator names the model itself', () => {
    expect(theOnly(own(source).chart, 'NIMService').spec.storage).toEqual({
      nimCache: { name: expect.stringMatching(/^cache-/) },
    });
  });

  test('needs no model of the catalog', () => {
    const chart = nimChart();
    const cache = new NimCache(chart, 'Cache', {
      image: ServingImage.own(REPOSITORY, { tag: '1.0.0' }),
      profile: NimProfile.own(),
      pool: l40sPool(chart),
      store: STORE,
      credentials: NgcCredentials.placeholder(),
      source,
    });
    expect(new NimService(chart, 'Llama', { cache }).plan).toBeUndefined();
  });
});

describe('a model that is in the store already', () => {
  test('is mounted for reading alone, and nothing is downloaded', () => {
    const { chart } = own(ModelSource.inStore('llama-3.1-8b'));
    expect(problemsOf(chart)).toEqual([]);
    expect(objectsOf(chart, 'NIMCache')).toEqual([]);
    const { spec } = theOnly(chart, 'NIMService');
    expect(spec.storage).toEqual({
      pvc: { create: false, name: 'nim-models', subPath: 'llama-3.1-8b' },
      readOnly: true,
    });
    expect(spec.env).toEqual([{ name: 'NIM_MODEL_NAME', value: '/model-store' }]);
  });

  test('is applied after the Secret that it names', () => {
    const { chart } = own(ModelSource.inStore('llama-3.1-8b'));
    const kinds = Testing.synth(chart).map(({ kind }: { kind: string }) => kind);
    expect(kinds.indexOf('Secret')).toBeLessThan(kinds.indexOf('NIMService'));
  });
});
