import { Engine, ModelSpec, Precision } from '../../lib/catalog';
import { ModelSource, NgcCredentials, NimProfile, ServingImage } from '../../lib/nim';
import { LLAMA, llamaCache, NIM_2_0_6, nimChart } from '../support/chart';
import type { RefusalCase } from './cases';

const SOURCE = 'nim/model-source.ts';
const PROFILE = 'nim/nim-profile.ts';
const COMMIT = '0e9e39f249a16976918f6564b8830bc894c89659';
const REPOSITORY = '111122223333.dkr.ecr.us-west-2.amazonaws.com/nim-serving';

const own = (model?: string) =>
  ServingImage.own(REPOSITORY, { tag: '1.0.0', model: model === undefined ? undefined : ModelSpec.find(model) });

const ownCache = (props: Partial<Parameters<typeof llamaCache>[1]>) => () =>
  llamaCache(nimChart(), {
    image: own(LLAMA),
    profile: NimProfile.own(),
    credentials: NgcCredentials.placeholder(),
    ...props,
  });

/** Refusals of this project's image and of sources that only it has. */
export const OWN_IMAGE_CASES: RefusalCase[] = [
  {
    name: 'a repository of a hub without its organization',
    file: SOURCE,
    refused: ownCache({ source: ModelSource.huggingFace('llama', { revision: COMMIT }) }),
    message:
      '[chart/Cache] repository is "llama", allowed is organization and name, with one slash between them; write ' +
      "ModelSource.huggingFace('acme/llama-3.1-8b-support', { revision: '...' })",
  },
  {
    name: 'a branch of a hub, which moves',
    file: SOURCE,
    refused: ownCache({ source: ModelSource.huggingFace('acme/llama', { revision: 'main' }) }),
    message:
      '[chart/Cache] revision is "main", allowed is a commit, 40 hex digits: a branch or tag can move to another model; copy ' +
      'the commit from the history of the model: https://huggingface.co/acme/llama/commits/main',
  },
  {
    name: 'an endpoint of a hub without a scheme',
    file: SOURCE,
    refused: ownCache({
      source: ModelSource.huggingFace('acme/llama', { revision: COMMIT, endpoint: 'hub.example.com' }),
    }),
    message:
      '[chart/Cache] endpoint is "hub.example.com", allowed is an address that begins with https:// or http://; leave it out ' +
      "for https://huggingface.co, or write endpoint: 'https://hub.example.com'",
  },
  {
    name: 'a folder outside the store',
    file: SOURCE,
    refused: ownCache({ source: ModelSource.inStore('../etc') }),
    message:
      "[chart/Cache] folder is \"../etc\", allowed is a path below the root of the store, of letters, digits, '.', '_', '-' " +
      "and '/'; write ModelSource.inStore('llama-3.1-8b-instruct')",
  },
  {
    name: 'a model that the image has no profile for',
    file: PROFILE,
    refused: ownCache({ image: own('openai/gpt-oss-20b') }),
    message:
      '[chart/Cache] model of the image is "openai/gpt-oss-20b", allowed is a model that its manifest lists, such as ' +
      "meta/llama-3.1-8b-instruct; write model: ModelSpec.find('meta/llama-3.1-8b-instruct'), or name a checkpoint: source: " +
      'ModelSource.huggingFace(...)',
  },
  {
    name: 'a profile that the image lacks for its model',
    file: PROFILE,
    refused: ownCache({
      profile: NimProfile.select({ engine: Engine.VLLM, precision: Precision.FP8, tensorParallelism: 1 }),
    }),
    message:
      '[chart/Cache] profile is "vllm-fp8-tp1", allowed is bf16-tp1 ' +
      '(d9a70a25a52f4f67a29086b03ae917ff57093afa9e303ee8ba375f53441fd977), which is all that the image has for ' +
      'meta/llama-3.1-8b-instruct; write profile: NimProfile.own()',
  },
  {
    name: 'credentials without an NGC key for an image of NVIDIA',
    file: 'nim/ngc-credentials.ts',
    refused: () => llamaCache(nimChart(), { image: NIM_2_0_6, credentials: NgcCredentials.placeholder() }),
    message:
      '[chart/Cache] credentials is "without an NGC key", allowed is credentials with one for ' +
      "nvcr.io/nim/meta/llama-3.1-8b-instruct:2.0.6; write NgcCredentials.fromSecretsManager('ngc/api-key'), or use this " +
      "project's image",
  },
  {
    name: 'the NIMCache of a model that is in the store already',
    file: 'nim/nim-cache.ts',
    refused: () => ownCache({ source: ModelSource.inStore('llama') })().apiObject,
    message:
      '[chart/Cache] apiObject is not given, allowed is that of a cache which downloads its model; leave it alone: with ' +
      'ModelSource.inStore() there is no NIMCache',
  },
];
