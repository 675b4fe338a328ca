import type { Part } from './part';
import { CACHE_WEBHOOK, Enforcer, NIM_CACHE, OPERATOR, type Rule, refused } from './rule';

const kinds = [NIM_CACHE];
const SELECTORS = ['precision', 'engine', 'tensorParallelism', 'qosProfile', 'gpus', 'lora', 'buildable'];
const PARSERS = `${OPERATOR} internal/nimparser`;

/**
 * Tags of profiles that name an engine: of language models the first three, of others the rest. The operator cuts `_llm`
 * off what was asked for, and looks for it within them.
 */
const ENGINE_TAGS = ['tensorrt_llm', 'vllm', 'sglang', 'tensorrt', 'triton', 'onnx', 'pytorch'];

const model = (object: Part) => object.at('spec', 'source', 'ngc', 'model');
const isSet = (part: Part) => part.given && part.value !== '' && !part.isEmpty;
const gpusOf = (object: Part) => model(object).at('gpus');

/** Rules of `spec.source.ngc.model`: which profiles are downloaded. */
export const CACHE_SELECTION_RULES: readonly Rule[] = [
  {
    id: 'nim-cache/profiles-beside-selectors',
    kinds,
    enforcer: Enforcer.WEBHOOK,
    source: `${CACHE_WEBHOOK} validateModel`,
    *check(object) {
      const beside = SELECTORS.filter((name) => isSet(model(object).at(name)));
      if (isSet(model(object).at('profiles')) && beside.length > 0) {
        yield refused(model(object), 'profiles alone', 'leave the other selectors out', ['profiles', ...beside]);
      }
    },
  },
  {
    id: 'nim-cache/all-profiles-alone',
    kinds,
    enforcer: Enforcer.WEBHOOK,
    source: `${CACHE_WEBHOOK} validateModel`,
    *check(object) {
      const profiles = model(object).at('profiles');
      if (profiles.items.length > 1 && profiles.items.some((profile) => profile.text === 'all')) {
        yield refused(profiles, '"all" as the only entry, or ids of profiles', 'leave "all" out');
      }
    },
  },
  {
    id: 'nim-cache/qos-profile',
    kinds,
    enforcer: Enforcer.WEBHOOK,
    source: `${CACHE_WEBHOOK} validQoSProfiles`,
    *check(object) {
      const qos = model(object).at('qosProfile');
      if (qos.text && !['latency', 'throughput'].includes(qos.text)) {
        yield refused(qos, 'latency or throughput', "write qosProfile: 'throughput', or leave it out");
      }
    },
  },
  {
    id: 'nim-cache/profile-id',
    kinds,
    enforcer: Enforcer.NOBODY,
    // Seen with operator 3.1.2: the job gets --profiles does-not-exist, and a cache without profiles is Ready.
    source: `${OPERATOR} internal/controller/nimcache_controller.go: ids are handed on as they are`,
    *check(object) {
      for (const profile of model(object).at('profiles').items) {
        if (profile.text !== undefined && profile.text !== 'all' && !/^[0-9a-f]{64}$/.test(profile.text)) {
          yield refused(
            profile,
            'an id of 64 hex digits, or "all" alone',
            'copy it from what list-model-profiles prints in the image',
          );
        }
      }
    },
  },
  {
    id: 'nim-cache/engine',
    kinds,
    enforcer: Enforcer.NOBODY,
    source: `${PARSERS}: the engine is looked for within the tag llm_engine, model_type or backend of a profile`,
    *check(object) {
      const engine = model(object).at('engine');
      const wanted = engine.text?.toLowerCase().replace(/_llm$/, '');
      if (wanted && !ENGINE_TAGS.some((tag) => tag.includes(wanted))) {
        const given = wanted.replace(/[^a-z]/g, '');
        const meant = /^(tensorrt|trt)/.test(given) ? 'tensorrt_llm' : /^sg/.test(given) ? 'sglang' : 'vllm';
        yield refused(engine, 'tensorrt_llm, vllm or sglang, as profiles are tagged', `write engine: '${meant}'`);
      }
    },
  },
  {
    id: 'nim-cache/several-profiles',
    kinds,
    enforcer: Enforcer.NOBODY,
    // Of tensorrt alone it does not speak: profiles of other NIMs than language models carry no tag tp.
    source: `${PARSERS}: what is not given selects every variant; NIM 1.x picks one of those that are cached at its start`,
    *check(object) {
      const engine = model(object).at('engine').text ?? '';
      const missing = ['precision', 'tensorParallelism'].filter((name) => !isSet(model(object).at(name)));
      if (/^tensorrt_llm$/i.test(engine) && missing.length > 0) {
        yield refused(
          model(object).at(missing[0]),
          `${missing.join(' and ')} beside engine ${engine}, as every variant is downloaded and the server picks one at its start`,
          "write precision: 'fp8' and tensorParallelism: '1', say, or profiles: ['<id>']",
        );
      }
    },
  },
  {
    id: 'nim-cache/every-profile',
    kinds,
    enforcer: Enforcer.NOBODY,
    source: `${PARSERS}: an empty model matches every profile of the image, hundreds of GB of them`,
    *check(object) {
      const ngc = object.at('spec', 'source', 'ngc');
      if (
        ngc.given &&
        !ngc.has('modelEndpoint') &&
        !['profiles', ...SELECTORS].some((name) => isSet(model(object).at(name)))
      ) {
        yield refused(
          model(object),
          'a selection, as the operator downloads every profile without one (an image of protocol native-v1 ignores it)',
          "write profiles: ['<id>'], or engine, precision and tensorParallelism",
        );
      }
    },
  },
  {
    id: 'nim-cache/discovered-gpus',
    kinds,
    enforcer: Enforcer.NOBODY,
    // The selection is worked out anew at each reconcile and not stored: a GPU node that starts meanwhile changes it.
    source: `${OPERATOR} internal/controller/nimcache_controller.go: gpus are read from the nodes of the moment`,
    *check(object) {
      const gpus = gpusOf(object);
      if (/tensorrt/.test(model(object).at('engine').text ?? '') && !isSet(gpus)) {
        yield refused(
          gpus,
          'the GPU of the profile, as the GPUs of the nodes of the moment select otherwise, and there may be none',
          "write gpus: [{ product: 'a10g' }], or profiles: ['<id>']",
        );
      }
    },
  },
  {
    id: 'nim-cache/gpus-of-vllm',
    kinds,
    enforcer: Enforcer.NOBODY,
    source: `${PARSERS}/v2: profiles without a GPU tag never match gpus; v1 wants a TensorRT engine beside them`,
    *check(object) {
      const gpus = gpusOf(object);
      if (/vllm/i.test(model(object).at('engine').text ?? '') && isSet(gpus)) {
        yield refused(gpus, 'none with engine vllm, whose profiles carry no GPU tag', 'leave gpus out');
      }
    },
  },
  {
    id: 'nim-cache/gpu-id',
    kinds,
    enforcer: Enforcer.NOBODY,
    source: `${PARSERS}: the vendor is cut off the tag of the manifest before it is compared`,
    *check(object) {
      for (const id of gpusOf(object).items.flatMap((gpu) => gpu.at('ids').items)) {
        if (id.text?.includes(':')) {
          yield refused(id, 'a PCI device id without its vendor', `write '${id.text.slice(0, id.text.indexOf(':'))}'`);
        }
      }
    },
  },
  {
    id: 'nim-cache/gpu-ids-alone',
    kinds,
    enforcer: Enforcer.NOBODY,
    source: `${PARSERS}/v1: ids count beside a product alone`,
    *check(object) {
      for (const gpu of gpusOf(object).items) {
        if (isSet(gpu.at('ids')) && !isSet(gpu.at('product'))) {
          yield refused(
            gpu.at('product'),
            'a product beside ids, which NIM 1.x ignores alone',
            "write product: 'l40s'",
          );
        }
      }
    },
  },
  {
    id: 'nim-cache/false-selector',
    kinds,
    enforcer: Enforcer.NOBODY,
    source: `${PARSERS}: false matches profiles that carry the tag with the value "false", and most lack the tag`,
    *check(object) {
      for (const name of ['lora', 'buildable']) {
        const part = model(object).at(name);
        if (part.value === false) {
          yield refused(part, 'true, or nothing: false drops every profile without the tag', 'leave it out');
        }
      }
    },
  },
  {
    id: 'nim-cache/precision-in-capitals',
    kinds,
    enforcer: Enforcer.NOBODY,
    source: `${PARSERS}/v1: precision is compared with its case`,
    *check(object) {
      const precision = model(object).at('precision');
      if (precision.text && precision.text !== precision.text.toLowerCase()) {
        yield refused(
          precision,
          'lower case, as NIM 1.x writes it',
          `write precision: '${precision.text.toLowerCase()}'`,
        );
      }
    },
  },
];
