import { ApiObject, ApiObjectMetadata, GroupVersionKind } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import { checked } from '../kube/checked';
import { NimContainer, NimPersistentVolumeClaim, NimProxy } from './nim-shared';
import { renderedSpec, Spelling } from './render';

/** What a profile is tuned for. The CRD takes any text; the operator's webhook takes these two. */
export enum QosProfile {
  /** Shortest time to a token. */
  LATENCY = 'latency',
  /** Most tokens a second. */
  THROUGHPUT = 'throughput',
}

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

/** Where the model goes. */
export interface NimCacheStorage {
  /**
   * Claim to download into. The webhook demands it.
   * @default - none, which the webhook refuses
   */
  readonly pvc?: NimPersistentVolumeClaim;
  /**
   * Folder of the node. Deprecated by the operator; the webhook refuses it without `pvc`.
   * @default - none
   */
  readonly hostPath?: string;
}

/** Requests and limits (the same) of the download job, which never requests a GPU. */
export interface NimCacheResources {
  /**
   * CPU.
   * @default - 0: the pod has no guarantee
   */
  readonly cpu?: k8s.Quantity;
  /**
   * Memory.
   * @default - 0: the pod has no guarantee and is the first to be killed
   */
  readonly memory?: k8s.Quantity;
}

/** A ConfigMap with certificates. Deprecated by the operator, which answers it with an error: use `proxy.certConfigMap`. */
export interface NimCertConfig {
  /** Name of the ConfigMap. */
  readonly name: string;
  /** Path in the container. */
  readonly mountPath: string;
}

/** A model to download. Immutable as a whole after creation (webhook): a change is a new object. */
export interface NimCacheSpec {
  /** Where the model comes from. */
  readonly source: NimCacheSource;
  /** Where it goes. */
  readonly storage: NimCacheStorage;
  /**
   * CPU and memory of the download job.
   * @default - none
   */
  readonly resources?: NimCacheResources;
  /**
   * Labels of the nodes on which the job may run. `{}` does not survive the operator's own update.
   * @default - `feature.node.kubernetes.io/pci-10de.present: "true"`: only nodes with an NVIDIA device
   */
  readonly nodeSelector?: { [key: string]: string };
  /**
   * Tolerations of the job. It requests no GPU, so EKS adds none.
   * @default - none
   */
  readonly tolerations?: k8s.Toleration[];
  /**
   * Environment variables of the job.
   * @default - none
   */
  readonly env?: k8s.EnvVar[];
  /**
   * User of the job, and owner of the files.
   * @default 1000
   */
  readonly userId?: number;
  /**
   * Group of the job, and of the files.
   * @default 2000
   */
  readonly groupId?: number;
  /**
   * RuntimeClass of the pods.
   * @default - the node's default
   */
  readonly runtimeClassName?: string;
  /**
   * Proxy for the download.
   * @default - none
   */
  readonly proxy?: NimProxy;
  /**
   * Containers that run before the download.
   * @default - none
   */
  readonly initContainers?: NimContainer[];
  /**
   * Certificates. Deprecated by the operator, which answers it with an error: use `proxy.certConfigMap`.
   * @default - none
   */
  readonly certConfig?: NimCertConfig;
}

/** Properties of a NIMCache. */
export interface KubeNimCacheProps {
  /**
   * Name, namespace, labels and annotations.
   * @default - the name is made from the construct's path
   */
  readonly metadata?: ApiObjectMetadata;
  /** The model to download. */
  readonly spec: NimCacheSpec;
}

const SPELLING: Spelling = { userId: 'userID', groupId: 'groupID' };

/** A NIMCache of the NIM Operator (3.1.2): a job that downloads a model into a claim. */
export class KubeNimCache extends ApiObject {
  /** API version and kind. */
  public static readonly GVK: GroupVersionKind = { apiVersion: 'apps.nvidia.com/v1alpha1', kind: 'NIMCache' };

  constructor(scope: Construct, id: string, props: KubeNimCacheProps) {
    super(scope, id, {
      ...KubeNimCache.GVK,
      metadata: props.metadata,
      spec: renderedSpec(() => this, props.spec, SPELLING),
    });
  }

  /** The manifest, with late values resolved and JSON patches applied. */
  public override toJson() {
    return checked(this, super.toJson());
  }
}
