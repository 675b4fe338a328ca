import { KubeNimCache, VolumeAccessMode } from '../../lib/crds';
import type { Mistake } from './mistake';

/** NIMCache objects, written by hand. */
export const CACHE_OBJECTS: Mistake[] = [
  {
    kind: 'error',
    title: 'No node selector on a NIMCache',
    met: 'NVIDIA/k8s-nim-operator issues 239 and 240',
    today:
      'The default selector wants a node labelled pci-10de.present. Where no pool has it, the download is Pending.',
    program: ({ chart, cacheSpec }) =>
      new KubeNimCache(chart, 'Llama', { spec: { ...cacheSpec, nodeSelector: undefined } }),
    answer:
      '[models/Llama] spec.nodeSelector is not given, allowed is one label or more: the default waits for ' +
      'a node labelled feature.node.kubernetes.io/pci-10de.present; write nodeSelector: { ' +
      `'kubernetes.io/os': 'linux' }, as a download needs no GPU (rule nim-cache/node-selector)`,
  },
  {
    kind: 'error',
    title: 'No profile and no selection',
    met: 'NVIDIA/k8s-nim-operator issue 182: profiles are not cached as expected',
    today: 'Every profile of the image is downloaded, hundreds of gigabytes.',
    program: ({ chart, cacheSpec, ngc }) => {
      const { modelPuller, pullSecret, authSecret } = ngc;
      new KubeNimCache(chart, 'Llama', {
        spec: { ...cacheSpec, source: { ngc: { modelPuller, pullSecret, authSecret } } },
      });
    },
    answer:
      '[models/Llama] spec.source.ngc.model is not given, allowed is a selection, as the operator ' +
      'downloads every profile without one (an image of protocol native-v1 ignores it); write profiles: ' +
      `['<id>'], or engine, precision and tensorParallelism (rule nim-cache/every-profile)`,
  },
  {
    kind: 'error',
    title: 'An engine without its GPU',
    met: 'caches that count on the discovery of GPUs',
    today:
      'The GPUs of the nodes of the moment select. A node that starts during the download changes the selection, and ' +
      'the status names profiles that were never downloaded.',
    program: ({ chart, cacheSpec, ngc }) =>
      new KubeNimCache(chart, 'Llama', {
        spec: {
          ...cacheSpec,
          source: {
            ngc: {
              ...ngc,
              model: { engine: 'tensorrt_llm', precision: 'fp16', tensorParallelism: '2' },
            },
          },
        },
      }),
    answer:
      '[models/Llama] spec.source.ngc.model.gpus is not given, allowed is the GPU of the profile, as the ' +
      'GPUs of the nodes of the moment select otherwise, and there may be none; write gpus: [{ product: ' +
      `'a10g' }], or profiles: ['<id>'] (rule nim-cache/discovered-gpus)`,
  },
  {
    kind: 'error',
    title: 'A GPU for vLLM',
    met: 'the selection of the blueprint (`gpus: A10G`) with the engine of NIM 2.0',
    today: 'Generic vLLM profiles carry no GPU tag: none matches, and the NIMCache retries for ever.',
    program: ({ chart, cacheSpec, ngc }) =>
      new KubeNimCache(chart, 'Llama', {
        spec: {
          ...cacheSpec,
          source: {
            ngc: { ...ngc, model: { engine: 'vllm', gpus: [{ product: 'l40s' }] } },
          },
        },
      }),
    answer:
      '[models/Llama] spec.source.ngc.model.gpus is [{"product":"l40s"}], allowed is none with engine ' +
      'vllm, whose profiles carry no GPU tag; leave gpus out (rule nim-cache/gpus-of-vllm)',
  },
  {
    kind: 'error',
    title: 'A profile id and a selection at once',
    met: 'the blueprint, when a profile id is added to what stands there',
    today: 'The webhook of the operator refuses the object; with the webhook off it is stored.',
    program: ({ chart, cacheSpec, ngc }) =>
      new KubeNimCache(chart, 'Llama', {
        spec: {
          ...cacheSpec,
          source: {
            ngc: { ...ngc, model: { profiles: ['4f904d57'.repeat(8)], precision: 'fp16' } },
          },
        },
      }),
    answer:
      '[models/Llama] spec.source.ngc.model is ["profiles","precision"], allowed is profiles alone; leave ' +
      'the other selectors out (rule nim-cache/profiles-beside-selectors)',
  },
  {
    kind: 'error',
    title: 'lora: false, to be on the safe side',
    met: 'the profile of the blueprint, which reads feat_lora: false',
    today:
      'False matches profiles that carry the tag with the value "false". Most lack the tag, and nothing is cached.',
    program: ({ chart, cacheSpec, ngc }) =>
      new KubeNimCache(chart, 'Llama', {
        spec: {
          ...cacheSpec,
          source: { ngc: { ...ngc, model: { profiles: [], precision: 'fp16', lora: false } } },
        },
      }),
    answer:
      '[models/Llama] spec.source.ngc.model.lora is false, allowed is true, or nothing: false drops every ' +
      'profile without the tag; leave it out (rule nim-cache/false-selector)',
  },
  {
    kind: 'error',
    title: 'The precision in capitals',
    met: 'model cards, which write FP16',
    today: 'NIM 1.x compares with the case: no profile matches.',
    program: ({ chart, cacheSpec, ngc }) =>
      new KubeNimCache(chart, 'Llama', {
        spec: {
          ...cacheSpec,
          source: { ngc: { ...ngc, model: { engine: 'vllm', precision: 'FP16' } } },
        },
      }),
    answer:
      '[models/Llama] spec.source.ngc.model.precision is "FP16", allowed is lower case, as NIM 1.x writes ' +
      `it; write precision: 'fp16' (rule nim-cache/precision-in-capitals)`,
  },
  {
    kind: 'error',
    title: 'The model puller without a tag',
    met: 'hand-written NIMCaches',
    today: 'It means latest. The spec is immutable, so the cache can never follow the tag.',
    program: ({ chart, cacheSpec, ngc }) =>
      new KubeNimCache(chart, 'Llama', {
        spec: {
          ...cacheSpec,
          source: {
            ngc: { ...ngc, modelPuller: 'nvcr.io/nim/meta/llama-3.1-8b-instruct' },
          },
        },
      }),
    answer:
      '[models/Llama] spec.source.ngc.modelPuller is "nvcr.io/nim/meta/llama-3.1-8b-instruct", allowed is ' +
      'an image with a tag other than latest, or a digest; add the tag that serves the model (rule ' +
      'nim-cache/puller-tag)',
  },
  {
    kind: 'error',
    title: 'The PCI id of a GPU as lspci prints it',
    met: 'hand-written caches: ids are PCI device ids, and lspci prints two halves',
    today: 'The operator cuts the vendor off before it compares: `26b9:10de` matches nothing.',
    program: ({ chart, cacheSpec, ngc }) =>
      new KubeNimCache(chart, 'Llama', {
        spec: {
          ...cacheSpec,
          source: {
            ngc: { ...ngc, model: { gpus: [{ product: 'l40s', ids: ['26b9:10de'] }] } },
          },
        },
      }),
    answer:
      '[models/Llama] spec.source.ngc.model.gpus[0].ids[0] is "26b9:10de", allowed is a PCI device id ' +
      `without its vendor; write '26b9' (rule nim-cache/gpu-id)`,
  },
  {
    kind: 'error',
    title: 'A profile by its name',
    met: 'NIM_MODEL_PROFILE of the container, which takes names like vllm-bf16-tp1',
    today: 'The job is given the name as it is. A cache without profiles is Ready, and services wait for their files.',
    program: ({ chart, cacheSpec, ngc }) =>
      new KubeNimCache(chart, 'Llama', {
        spec: { ...cacheSpec, source: { ngc: { ...ngc, model: { profiles: ['vllm-bf16-tp1'] } } } },
      }),
    answer:
      '[models/Llama] spec.source.ngc.model.profiles[0] is "vllm-bf16-tp1", allowed is an id of 64 hex ' +
      'digits, or "all" alone; copy it from what list-model-profiles prints in the image (rule ' +
      'nim-cache/profile-id)',
  },
  {
    kind: 'error',
    title: 'TensorRT-LLM with a hyphen',
    met: 'the name of the product, TensorRT-LLM',
    today: 'No profile matches: "no profiles are selected for caching", for ever.',
    program: ({ chart, cacheSpec, ngc }) =>
      new KubeNimCache(chart, 'Llama', {
        spec: { ...cacheSpec, source: { ngc: { ...ngc, model: { ...ngc.model, engine: 'tensorrt-llm' } } } },
      }),
    answer:
      '[models/Llama] spec.source.ngc.model.engine is "tensorrt-llm", allowed is tensorrt_llm, vllm or ' +
      `sglang, as profiles are tagged; write engine: 'tensorrt_llm' (rule nim-cache/engine)`,
  },
  {
    kind: 'error',
    title: 'An engine and a GPU, and nothing more',
    met: 'the samples of the operator, which name an engine and a GPU',
    today:
      'Every precision and number of GPUs is downloaded, and the server picks one at its start, not always the one that was sized for.',
    program: ({ chart, cacheSpec, ngc }) =>
      new KubeNimCache(chart, 'Llama', {
        spec: {
          ...cacheSpec,
          source: { ngc: { ...ngc, model: { engine: 'tensorrt_llm', gpus: [{ product: 'a10g' }] } } },
        },
      }),
    answer:
      '[models/Llama] spec.source.ngc.model.precision is not given, allowed is precision and ' +
      'tensorParallelism beside engine tensorrt_llm, as every variant is downloaded and the server picks ' +
      `one at its start; write precision: 'fp8' and tensorParallelism: '1', say, or profiles: ['<id>'] ` +
      '(rule nim-cache/several-profiles)',
  },
  {
    kind: 'error',
    title: 'No pull secret',
    met: 'the documentation of NIM 2.0.13, by which some images need no key any more',
    today:
      'ImagePullBackOff for all images of before 2.0.10. The operator reads labels of the image with it too, and does not say when it cannot.',
    program: ({ chart, cacheSpec, ngc }) =>
      new KubeNimCache(chart, 'Llama', {
        spec: { ...cacheSpec, source: { ngc: { ...ngc, pullSecret: undefined } } },
      }),
    answer:
      '[models/Llama] spec.source.ngc.pullSecret is not given, allowed is the Secret of a login to ' +
      'nvcr.io, without which images of before NIM 2.0.10 and of production branches are not pulled; ' +
      `write pullSecret: 'ngc-secret' (rule nim-cache/pull-secret)`,
  },
  {
    kind: 'error',
    title: 'A claim that the cache makes',
    met: 'the samples of the operator: pvc: { create: true }',
    today:
      'The claim belongs to the NIMCache. A change of its spec is a new cache, and with the old one the models are deleted.',
    program: ({ chart, cacheSpec }) =>
      new KubeNimCache(chart, 'Llama', {
        spec: {
          ...cacheSpec,
          storage: {
            pvc: {
              create: true,
              size: '100Gi',
              storageClass: 'gp3',
              volumeAccessMode: VolumeAccessMode.READ_WRITE_ONCE,
            },
          },
        },
      }),
    answer:
      '[models/Llama] spec.storage.pvc.create is true, allowed is a claim that is there, as one that the ' +
      'cache makes is deleted with it, models and all, and a change is a new cache; write create: false, ' +
      'the name of a claim and a subPath, or acknowledge this rule where a new download is no loss (rule ' +
      'nim-cache/claim-of-its-own)',
  },
  {
    kind: 'error',
    title: 'A folder of the node as store',
    met: 'the plain Deployment, which mounts the hostPath /data/nim-cache',
    today: 'The webhook refuses it. Where it is off, each node downloads the model for itself.',
    program: ({ chart, cacheSpec }) =>
      new KubeNimCache(chart, 'Llama', { spec: { ...cacheSpec, storage: { hostPath: '/data/nim-cache' } } }),
    answer:
      '[models/Llama] spec.storage.pvc is not given, allowed is a claim, as the webhook takes no hostPath ' +
      `alone; write pvc: { name: 'nim-models', volumeAccessMode: 'ReadWriteMany', subPath: 'llama' } (rule ` +
      'nim-cache/no-claim)',
  },
  {
    kind: 'error',
    title: 'Hugging Face, with the puller of the data store',
    met: 'caches of Hugging Face models that take the puller of the NeMo Data Store',
    today: 'That image has no model manifest: the job runs a program that is not in it, and fails six times.',
    program: ({ chart, cacheSpec }) =>
      new KubeNimCache(chart, 'Llama', {
        spec: {
          ...cacheSpec,
          source: {
            hf: {
              endpoint: 'https://huggingface.co',
              namespace: 'meta-llama',
              modelName: 'Llama-3.1-8B-Instruct',
              authSecret: 'hf-secret',
              pullSecret: 'ngc-secret',
              modelPuller: 'nvcr.io/nvidia/nemo-microservices/nds-v2-huggingface-cli:25.08',
            },
          },
        },
      }),
    answer:
      '[models/Llama] spec.source.hf.modelPuller is ' +
      '"nvcr.io/nvidia/nemo-microservices/nds-v2-huggingface-cli:25.08", allowed is an image with a model ' +
      'manifest, or one that has download-to-cache; name the NIM image that serves the model (rule ' +
      'nim-cache/hugging-face-puller)',
  },
  {
    kind: 'error',
    title: 'A wildcard in noProxy',
    met: 'proxies of companies: NO_PROXY of the shell is copied',
    today: 'The webhook refuses the object: `.svc` is fine, `*.svc` is not.',
    program: ({ chart, cacheSpec }) =>
      new KubeNimCache(chart, 'Llama', {
        spec: { ...cacheSpec, proxy: { httpsProxy: 'http://proxy.corp:3128', noProxy: '10.0.0.0/16,*.svc' } },
      }),
    answer:
      '[models/Llama] spec.proxy.noProxy is "*.svc", allowed is host names, addresses and CIDR blocks, ' +
      'separated by commas; write a domain with a dot before it, .svc rather than *.svc (rule ' +
      'nim-cache/no-proxy)',
  },
];
