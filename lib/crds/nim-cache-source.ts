import type { QosProfile } from '../catalog';

/** GPUs whose optimized profiles are cached. */
export interface NimGpuSelector {
  /**
   * Part of the GPU name in the profile's tag, in any case: `l4` takes L40S profiles too, `h100` those of H100_NVL.
   * @default - any; manifest v1 then ignores `ids`
   */
  readonly product?: string;
  /**
   * PCI device ids without the vendor, such as `26b9`; `26b9:10de` matches nothing.
   * @default - any
   */
  readonly ids?: string[];
}

/**
 * Which profiles of an NGC model to cache. The operator works a selection out anew at each reconcile, so that it can name
 * profiles that were never downloaded; a list of `profiles` is immune to that.
 */
export interface NgcModel {
  /**
   * Ids of the profiles, or `all` alone. The webhook refuses every other selector beside it. Nobody checks that an id exists.
   * @default - selected by the other fields
   */
  readonly profiles?: string[];
  /**
   * Backend of the profile, such as `vllm` or `tensorrt_llm`. `vllm` together with `gpus` matches nothing.
   * @default - any
   */
  readonly engine?: string;
  /**
   * Precision of the weights, such as `fp8` or `bf16`. Manifest v1 is case-sensitive: `FP8` finds nothing there.
   * @default - any
   */
  readonly precision?: string;
  /**
   * GPUs per model, as a decimal text.
   * @default - any
   */
  readonly tensorParallelism?: string;
  /**
   * What the profile is tuned for.
   * @default - any
   */
  readonly qosProfile?: QosProfile;
  /**
   * GPUs of the profile. Profiles without a GPU tag (generic vLLM ones) never match.
   * @default - the GPUs of the nodes of the moment; with no GPU node every profile of manifest v2 matches
   */
  readonly gpus?: NimGpuSelector[];
  /**
   * Profiles with LoRA adapters. `false` takes only profiles that carry the tag `feat_lora: "false"`.
   * @default - any
   */
  readonly lora?: boolean;
  /**
   * Profiles from which an engine can be built. `false` takes only profiles that carry the tag `trtllm_buildable: "false"`.
   * @default - any
   */
  readonly buildable?: boolean;
}

/** A model of NVIDIA NGC, downloaded by the image that will serve it. */
export interface NgcSource {
  /** Secret with the key `NGC_API_KEY`; all of its keys become environment variables of the job. */
  readonly authSecret: string;
  /** Image and tag that download the model: the NIM itself. Immutable (CEL). */
  readonly modelPuller: string;
  /**
   * Secret of type `kubernetes.io/dockerconfigjson` for `modelPuller`. A name that does not exist is never reported: the
   * operator fails to read the image's labels and takes a path that ends in an error loop.
   * @default - the image is pulled without credentials
   */
  readonly pullSecret?: string;
  /**
   * Profiles to cache. CEL: not beside `modelEndpoint`. Native images ignore it.
   * @default - every profile that fits the GPUs of the nodes of the moment, which can be hundreds of gigabytes
   */
  readonly model?: NgcModel;
  /**
   * Endpoint of the model for a universal NIM, such as `ngc://nim/meta/...`. CEL: not beside `model`.
   * @default - the model of the image
   */
  readonly modelEndpoint?: string;
}

/** A model or data set of the Hugging Face Hub. CEL: exactly one of `modelName` and `datasetName`. */
export interface HuggingFaceSource {
  /** URL of the hub, `http://` or `https://`, such as `https://huggingface.co`. */
  readonly endpoint: string;
  /** Organization or user on the hub. */
  readonly namespace: string;
  /** Secret with the key `HF_TOKEN`. */
  readonly authSecret: string;
  /** Image and tag that download the model. */
  readonly modelPuller: string;
  /** Secret of type `kubernetes.io/dockerconfigjson` for `modelPuller`. */
  readonly pullSecret: string;
  /**
   * Name of the model, without its namespace.
   * @default - none, `datasetName` is given
   */
  readonly modelName?: string;
  /**
   * Name of the data set. With a puller that has no model manifest the operator fails at each reconcile (nil dereference).
   * @default - none, `modelName` is given
   */
  readonly datasetName?: string;
  /**
   * Commit, branch or tag.
   * @default - the main branch
   */
  readonly revision?: string;
}

/** A model or data set of a NeMo Data Store. CEL: exactly one of `modelName` and `datasetName`. */
export interface NemoDataStoreSource {
  /** URL of the store's Hugging Face interface: `http://` or `https://`, ends in `/v1/hf`. */
  readonly endpoint: string;
  /** Namespace in the store; the API server's default is `default`. */
  readonly namespace: string;
  /** Secret with the key `HF_TOKEN`. */
  readonly authSecret: string;
  /** Image and tag that download the model. */
  readonly modelPuller: string;
  /** Secret of type `kubernetes.io/dockerconfigjson` for `modelPuller`. */
  readonly pullSecret: string;
  /**
   * Name of the model.
   * @default - none, `datasetName` is given
   */
  readonly modelName?: string;
  /**
   * Name of the data set.
   * @default - none, `modelName` is given
   */
  readonly datasetName?: string;
  /**
   * Commit, branch or tag.
   * @default - the main branch
   */
  readonly revision?: string;
}

/** Where the model comes from. CEL: exactly one. */
export interface NimCacheSource {
  /**
   * NVIDIA NGC.
   * @default - another source
   */
  readonly ngc?: NgcSource;
  /**
   * Hugging Face Hub.
   * @default - another source
   */
  readonly hf?: HuggingFaceSource;
  /**
   * NeMo Data Store.
   * @default - another source
   */
  readonly dataStore?: NemoDataStoreSource;
}
