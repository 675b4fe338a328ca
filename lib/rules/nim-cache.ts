import { isPinned, LOGIN } from './images';
import { CACHE_SELECTION_RULES } from './nim-cache-selection';
import { CLAIM_RULES, claimDefined } from './nim-claim';
import { CACHE_CRD, CACHE_WEBHOOK, Enforcer, NIM_CACHE, OPERATOR, type Rule, refused } from './rule';

const kinds = [NIM_CACHE];
const SOURCES = ['ngc', 'dataStore', 'hf'];

/** Tokens of `noProxy` that the webhook takes. */
const NO_PROXY = [
  /^\.?[a-zA-Z0-9.-]+$/,
  /^(\d{1,3}\.){3}\d{1,3}(:\d+)?$/,
  /^\[[0-9a-fA-F:]+\](?::\d+)?$/,
  /^(\d{1,3}\.){3}\d{1,3}\/\d{1,2}$/,
  /^\[[0-9a-fA-F:]+\]\/\d{1,3}$/,
];

/** What the operator makes is named `<name>-job`, and the name of a Job is the value of a label. */
const MAX_NAME = 63 - '-job'.length;

/** Rules of NIMCache objects. */
export const NIM_CACHE_RULES: readonly Rule[] = [
  {
    id: 'nim-cache/one-source',
    kinds,
    enforcer: Enforcer.API_SERVER,
    source: CACHE_CRD,
    cel: ['NIMCache spec.source db7b86ac'],
    *check(object) {
      const source = object.at('spec', 'source');
      const found = source.among(...SOURCES);
      if (source.given && found.length !== 1) {
        yield refused(source, 'exactly one of ngc, dataStore and hf', 'keep one of them', found);
      }
    },
  },
  {
    id: 'nim-cache/model-or-dataset',
    kinds,
    enforcer: Enforcer.API_SERVER,
    source: CACHE_CRD,
    cel: ['NIMCache spec.source.hf 7d83a109', 'NIMCache spec.source.dataStore 7d83a109'],
    *check(object) {
      for (const name of ['hf', 'dataStore']) {
        const source = object.at('spec', 'source', name);
        const found = source.among('modelName', 'datasetName');
        if (source.given && found.length !== 1) {
          yield refused(source, 'exactly one of modelName and datasetName', 'name one of them', found);
        }
      }
    },
  },
  {
    id: 'nim-cache/model-beside-endpoint',
    kinds,
    enforcer: Enforcer.API_SERVER,
    source: CACHE_CRD,
    cel: ['NIMCache spec.source.ngc b3173257'],
    *check(object) {
      const ngc = object.at('spec', 'source', 'ngc');
      const found = ngc.among('model', 'modelEndpoint');
      if (found.length === 2) {
        yield refused(ngc, 'one of model and modelEndpoint', 'leave one of them out', found);
      }
    },
  },
  {
    id: 'nim-cache/empty-name',
    kinds,
    enforcer: Enforcer.WEBHOOK,
    source: `${CACHE_WEBHOOK} validateNGCSource`,
    *check(object) {
      for (const name of ['authSecret', 'modelPuller']) {
        const part = object.at('spec', 'source', 'ngc', name);
        if (part.value === '') {
          yield refused(part, 'a text that is not empty', `name the ${name === 'modelPuller' ? 'image' : 'Secret'}`);
        }
      }
    },
  },
  {
    id: 'nim-cache/no-claim',
    kinds,
    enforcer: Enforcer.WEBHOOK,
    source: `${CACHE_WEBHOOK} validateNIMCacheStorageConfiguration`,
    *check(object) {
      const storage = object.at('spec', 'storage');
      if (storage.given && !claimDefined(storage.at('pvc'))) {
        yield refused(
          storage.at('pvc'),
          'a claim, as the webhook takes no hostPath alone',
          "write pvc: { name: 'nim-models', volumeAccessMode: 'ReadWriteMany', subPath: 'llama' }",
        );
      }
    },
  },
  {
    id: 'nim-cache/host-path',
    kinds,
    enforcer: Enforcer.NOBODY,
    source: `${OPERATOR} api/apps/v1alpha1/nimcache_types.go: hostPath is deprecated, and no controller reads it`,
    *check(object) {
      const storage = object.at('spec', 'storage');
      const path = storage.at('hostPath');
      if (path.given && path.value !== '' && claimDefined(storage.at('pvc'))) {
        yield refused(path, 'none: the operator downloads to the claim and does not read it', 'leave it out');
      }
    },
  },
  {
    id: 'nim-cache/claim-of-its-own',
    kinds,
    enforcer: Enforcer.NOBODY,
    source: `${OPERATOR} internal/controller/nimcache_controller.go: the NIMCache owns the claim that it makes`,
    *check(object) {
      const create = object.at('spec', 'storage', 'pvc', 'create');
      if (create.isTrue) {
        yield refused(
          create,
          'a claim that is there, as one that the cache makes is deleted with it, models and all, and a change is a new cache',
          'write create: false, the name of a claim and a subPath, or acknowledge this rule where a new download is no loss',
        );
      }
    },
  },
  {
    id: 'nim-cache/pull-secret',
    kinds,
    enforcer: Enforcer.NOBODY,
    source:
      'NVIDIA NIM for LLMs 2.0.13 documentation: a key for images of before 2.0.10 and of production branches; else ImagePullBackOff',
    *check(object) {
      const ngc = object.at('spec', 'source', 'ngc');
      const secret = ngc.at('pullSecret');
      if (ngc.at('modelPuller').text?.startsWith('nvcr.io/') && (!secret.given || secret.value === '')) {
        yield refused(secret, LOGIN, "write pullSecret: 'ngc-secret'");
      }
    },
  },
  {
    id: 'nim-cache/proxy-url',
    kinds,
    enforcer: Enforcer.WEBHOOK,
    source: `${CACHE_WEBHOOK} validateProxyConfiguration`,
    *check(object) {
      for (const name of ['httpProxy', 'httpsProxy']) {
        const url = object.at('spec', 'proxy', name);
        if (url.text && !/^https?:\/\//.test(url.text)) {
          yield refused(
            url,
            'a URL that starts with http:// or https://',
            `write ${name}: 'http://proxy.example:3128'`,
          );
        }
      }
    },
  },
  {
    id: 'nim-cache/no-proxy',
    kinds,
    enforcer: Enforcer.WEBHOOK,
    source: `${CACHE_WEBHOOK} validateProxyConfiguration`,
    *check(object) {
      const noProxy = object.at('spec', 'proxy', 'noProxy');
      for (const token of (noProxy.text ?? '').split(',').map((each) => each.trim())) {
        if (token && !NO_PROXY.some((pattern) => pattern.test(token))) {
          yield refused(
            noProxy,
            'host names, addresses and CIDR blocks, separated by commas',
            'write a domain with a dot before it, .svc rather than *.svc',
            token,
          );
        }
      }
    },
  },
  {
    id: 'nim-cache/cert-config',
    kinds,
    enforcer: Enforcer.NOBODY,
    source: `${OPERATOR} internal/controller/nimcache_controller.go: certConfig is an error`,
    *check(object) {
      const config = object.at('spec', 'certConfig');
      if (config.given) {
        yield refused(
          config,
          'nothing: the operator reports an error and downloads nothing',
          'write proxy.certConfigMap',
        );
      }
    },
  },
  {
    id: 'nim-cache/node-selector',
    kinds,
    enforcer: Enforcer.NOBODY,
    source: `${OPERATOR} api/apps/v1alpha1/nimcache_types.go GetNodeSelectors; NVIDIA/NeMo-Retriever issue 1572`,
    *check(object) {
      const selector = object.at('spec', 'nodeSelector');
      if (object.has('spec') && (!selector.given || selector.isEmpty)) {
        yield refused(
          selector,
          'one label or more: the default waits for a node labelled feature.node.kubernetes.io/pci-10de.present',
          "write nodeSelector: { 'kubernetes.io/os': 'linux' }, as a download needs no GPU",
        );
      }
    },
  },
  {
    id: 'nim-cache/puller-tag',
    kinds,
    enforcer: Enforcer.NOBODY,
    source: 'the spec of a NIMCache is immutable: a tag that moves changes the model, and no later spec can follow',
    *check(object) {
      for (const name of SOURCES) {
        const puller = object.at('spec', 'source', name, 'modelPuller');
        if (puller.text && !isPinned(puller.text)) {
          yield refused(
            puller,
            'an image with a tag other than latest, or a digest',
            'add the tag that serves the model',
          );
        }
      }
    },
  },
  {
    id: 'nim-cache/hugging-face-puller',
    kinds,
    enforcer: Enforcer.NOBODY,
    // Without /opt/nim/etc/default/model_manifest.yaml the operator types the cache model-free and calls
    // download-to-cache, which that image lacks; with a dataset it dereferences nil at each reconcile.
    source: `${OPERATOR} internal/controller/nimcache_controller.go: caches of images without a manifest`,
    *check(object) {
      for (const name of ['hf', 'dataStore']) {
        const puller = object.at('spec', 'source', name, 'modelPuller');
        if (puller.text && /\/nds-v2-huggingface-cli\b/.test(puller.text)) {
          yield refused(
            puller,
            'an image with a model manifest, or one that has download-to-cache',
            'name the NIM image that serves the model',
          );
        }
      }
    },
  },
  {
    id: 'nim-cache/name',
    kinds,
    enforcer: Enforcer.NOBODY,
    source: 'kubernetes pkg/apis/batch/validation: the name of a Job is the label job-name of its pods',
    *check(object) {
      const name = object.at('metadata', 'name');
      if (name.text && name.text.length > MAX_NAME) {
        yield refused(name, `at most ${MAX_NAME} characters, as the operator names a Job after it`, 'shorten it');
      }
    },
  },
  ...CLAIM_RULES.map((rule) => ({
    ...rule,
    id: `nim-cache/${rule.id}`,
    kinds,
    check: (object: Parameters<Rule['check']>[0]) => rule.check(object.at('spec', 'storage', 'pvc')),
  })),
  ...CACHE_SELECTION_RULES,
];
