import { ApiObject, Size } from 'cdk8s';
import { Construct } from 'constructs';
import { Engine, Gpu } from '../catalog';
import { KubeNimCache, type NgcModel, type NimCacheSource, type NimCacheSpec } from '../crds';
import { warn } from '../kube/annotations';
import { clusterOf } from '../kube/cluster-of';
import { refuse } from '../kube/errors';
import { checkName, defaultName, namespaceOf, stableHash } from '../kube/names';
import { ownerOf } from '../kube/owners';
import { mebibytes, millicores } from '../kube/quantities';
import type { IGpuNodePool } from '../nodes';
import { ImageOwner } from '../plan';
import { acknowledge } from '../rules/acknowledgements';
import type { IModelStore } from '../storage';
import type { BoundCredentials } from './bound-credentials';
import { checkEnv, envVars } from './env';
import { ModelSource } from './model-source';
import type { NgcCredentials } from './ngc-credentials';
import type { NimProfile } from './nim-profile';
import { POOL_LABEL, tolerationsOf } from './placement';
import { checkFit } from './profile-fit';
import type { ServingImage } from './serving-image';

/** What a cache downloads, and where to. */
export interface NimCacheOptions {
  /** Image that downloads the model, and that will serve it. */
  readonly image: ServingImage;

  /** Profile to download. */
  readonly profile: NimProfile;

  /** Where the model goes: a folder of this store. */
  readonly store: IModelStore;

  /**
   * Where the model comes from.
   *
   * @default ModelSource.profile()
   */
  readonly source?: ModelSource;
}

/** The job that downloads a model. */
export interface NimDownloadOptions {
  /**
   * Where the download may run. It needs no GPU.
   *
   * @default - any Linux node that has no taint, `kubernetes.io/os: linux`
   */
  readonly nodeSelector?: { [key: string]: string };

  /**
   * Whether the download may run on nodes of the pool: their taints are tolerated. Karpenter then starts a GPU node for it
   * where no other node has room.
   *
   * @default false
   */
  readonly onGpuNodes?: boolean;

  /**
   * vCPUs of the download.
   *
   * @default 1
   */
  readonly cpu?: number;

  /**
   * Memory of the download, request and limit.
   *
   * @default Size.gibibytes(4), of cdk8s
   */
  readonly memory?: Size;

  /**
   * Environment of the download, by name. Keys and what the operator sets itself are refused.
   *
   * @default - none
   */
  readonly env?: { [name: string]: string };
}

/** Properties of a NimCache. */
export interface NimCacheProps extends NimCacheOptions, NimDownloadOptions {
  /** NGC credentials for the image and the model. */
  readonly credentials: NgcCredentials;

  /** Pool of the services that will use the cache: its GPU selects the profile. */
  readonly pool: IGpuNodePool;

  /**
   * Name of the NIMCache, to which a hash of its spec is added: specs are immutable, so a change is a new object.
   *
   * @default - from the construct ids below the chart
   */
  readonly name?: string;
}

/** Leaves room for the operator's `-job` and the pod's own suffix in 63 characters. */
const MAX_NAME = 52;

/**
 * A model on a store: the operator's job downloads one profile into a folder of it.
 *
 * The download works with no GPU node in the cluster. The folder is named by image and profile, so that a cache that is
 * replaced for another reason finds its files again, and two versions lie side by side.
 */
export class NimCache extends Construct {
  /** Name of the NIMCache. */
  public readonly name: string;
  /** Image of the cache and of its services. */
  public readonly image: ServingImage;
  /** Profile in the cache. */
  public readonly profile: NimProfile;
  /** Where the model comes from. */
  public readonly source: ModelSource;
  /** Store that holds it. */
  public readonly store: IModelStore;
  /** Folder of the store. */
  public readonly subPath: string;
  /** Pool of the services. */
  public readonly pool: IGpuNodePool;
  /** NGC credentials. */
  public readonly credentials: NgcCredentials;
  private readonly object?: KubeNimCache;

  constructor(scope: Construct, id: string, props: NimCacheProps) {
    super(scope, id);
    this.image = props.image;
    this.profile = props.profile;
    this.store = props.store;
    this.pool = props.pool;
    this.credentials = props.credentials;
    this.source = props.source ?? ModelSource.profile();

    this.image._check(this);
    this.profile._check(this, this.image);
    this.source._check(this);
    this.credentials._check(this, this.image);
    if (!this.source.repository && !this.source.folder) {
      this.profile._checkBundled(this, this.image);
    }
    checkFit(this, this.image, this.profile, this.pool);
    checkEnv(this, this.profile, props.env);
    this.checkStore();
    this.checkNodeSelector(props.nodeSelector);
    this.warnOfSubstrings();

    const secrets = this.credentials._bind(this);
    this.subPath = this.folder();
    const base = props.name ?? defaultName(this);
    if (this.source.folder) {
      this.name = checkName(this, 'cache name', base, MAX_NAME);
      return;
    }
    this.warnOfSharedFolder();
    const spec: NimCacheSpec = {
      source: this.sourceSpec(secrets),
      storage: {
        pvc: {
          create: false,
          name: this.store.claimName,
          volumeAccessMode: this.store.accessMode,
          subPath: this.subPath,
        },
      },
      // Without requests the pods have none, and the first node under pressure kills the download.
      resources: {
        cpu: millicores((props.cpu ?? 1) * 1000),
        memory: mebibytes((props.memory ?? Size.gibibytes(4)).toMebibytes()),
      },
      // The operator's own default waits for a node with a GPU.
      nodeSelector: props.nodeSelector ?? { 'kubernetes.io/os': 'linux' },
      tolerations: props.onGpuNodes ? tolerationsOf(this.pool) : undefined,
      env: envVars(props.env),
      userId: this.store.userId,
      groupId: this.store.groupId,
    };
    this.name = checkName(this, 'cache name', `${base}-${stableHash(this, spec)}`, MAX_NAME);
    this.object = new KubeNimCache(this, 'Resource', {
      metadata: { name: this.name, labels: { [POOL_LABEL]: this.pool.poolName } },
      spec,
    });
    if (spec.source.ngc?.model?.lora === false) {
      const reason = `a source lists the profiles of ${this.image.reference}, and they carry the tag`;
      acknowledge(this.object, { rule: 'nim-cache/false-selector', reason });
    }
    this.refuseLaterChanges(this.object);
    for (const needed of [secrets.secrets, this.store.claim]) {
      if (needed) {
        this.object.node.addDependency(needed);
      }
    }
  }

  /** The NIMCache, for what has no prop here. A model that is in the store already has none. */
  public get apiObject(): KubeNimCache {
    return (
      this.object ??
      refuse(this, {
        what: 'apiObject',
        given: undefined,
        allowed: 'that of a cache which downloads its model',
        fix: 'leave it alone: with ModelSource.inStore() there is no NIMCache',
      })
    );
  }

  /**
   * The NIMCache, if there is one.
   *
   * @internal
   */
  public get _object(): KubeNimCache | undefined {
    return this.object;
  }

  private sourceSpec({ authSecret, pullSecret }: BoundCredentials): NimCacheSource {
    const modelPuller = this.image.reference;
    const { repository, revision, endpoint = '' } = this.source;
    if (!repository) {
      return { ngc: { modelPuller, pullSecret, authSecret, model: this.selection() } };
    }
    const [namespace, modelName] = repository.split('/');
    // The CRD wants a pull secret. One without a login is passed over, and the node's own login is used.
    const login = pullSecret ?? authSecret;
    return { hf: { endpoint, namespace, modelName, revision, authSecret, modelPuller, pullSecret: login } };
  }

  /** The name says what the spec is: a patched spec under the same name could be created, and never changed again. */
  private refuseLaterChanges(object: KubeNimCache): void {
    const made = JSON.stringify(ApiObject.prototype.toJson.call(object).spec);
    const render = object.toJson.bind(object);
    object.toJson = () => {
      const json = render();
      if (JSON.stringify(json.spec) !== made) {
        refuse(this, {
          what: 'spec of the NIMCache',
          given: 'changed after its name was made from it',
          allowed: 'the spec of its props: the operator refuses to change a NIMCache, so a change needs a new name',
          fix: 'pass what you need as a prop, or create a KubeNimCache with a name of your own',
        });
      }
      return json;
    };
  }

  private selection(): NgcModel {
    const { engine, precision, qosProfile, tensorParallelism } = this.profile;
    const id = this.profile._idIn(this.image);
    if (id) {
      return { profiles: [id] };
    }
    // Only TensorRT-LLM profiles are made for one GPU. Generic ones carry no GPU tag, and a filter would match none.
    const gpus = engine === Engine.TENSORRT_LLM ? [{ product: this.pool.gpu.nimProduct }] : undefined;
    return {
      engine,
      precision,
      tensorParallelism: String(tensorParallelism),
      qosProfile,
      gpus,
      lora: this.withoutLora(),
    };
  }

  /**
   * `false` where the release is known to tag its profiles: manifests of 2.x hold each profile twice, and without it both
   * are downloaded. Where nothing is known it stays unset, because `false` drops every profile without the tag.
   */
  private withoutLora(): false | undefined {
    const facts = this.profile._factsOf(this.image);
    return (this.image._nimLine ?? 1) >= 2 && facts?.lora === false ? false : undefined;
  }

  private folder(): string {
    const { folder, repository: model, revision = '' } = this.source;
    if (folder) {
      return folder;
    }
    if (model) {
      const name = model.slice(model.indexOf('/') + 1).toLowerCase();
      return `${name}-${revision.slice(0, 12)}-${stableHash(this, [this.source.endpoint, model, revision])}`;
    }
    const { repository, tag } = this.image;
    // Our image stores what the hub has, whatever its version: a new one finds the files of the old one.
    if (this.image.owner === ImageOwner.OWN) {
      const name = this.image.model?.id.split('/').at(-1);
      return `${name}-${this.profile.label}-${stableHash(this, this.selection())}`;
    }
    const name = repository.slice(repository.lastIndexOf('/') + 1);
    return `${name}-${tag}-${this.profile.label}-${stableHash(this, [repository, tag, this.selection()])}`;
  }

  private checkStore(): void {
    const namespace = namespaceOf(this);
    if (this.store.namespace && this.store.namespace !== namespace) {
      refuse(this, {
        what: 'store',
        given: `${this.store.namespace}/${this.store.claimName}`,
        allowed: `a store in the namespace of the cache, ${namespace}`,
        fix: 'create the store under the same chart: a pod mounts claims of its own namespace only',
      });
    }
  }

  private checkNodeSelector(nodeSelector?: { [key: string]: string }): void {
    if (nodeSelector && Object.keys(nodeSelector).length === 0) {
      refuse(this, {
        what: 'nodeSelector',
        given: nodeSelector,
        allowed: 'one label or more: the operator takes an empty selector for its own default, a node with a GPU',
        fix: "leave it out for any Linux node, or write nodeSelector: { 'kubernetes.io/arch': 'amd64' }",
      });
    }
  }

  /** Each cache has a job of its own, and nothing keeps two jobs from writing the same files. */
  private warnOfSharedFolder(): void {
    const { claimName } = this.store;
    const first = ownerOf<NimCache>(this, [clusterOf(this)?.node.path, namespaceOf(this), claimName, this.subPath]);
    if (first !== this) {
      warn(
        this,
        'nim-constructs:shared-folder',
        `${first.node.path} downloads the same profile of ${this.image.reference} into the same folder, ${this.subPath} of ` +
          `${claimName}, and both jobs write there at once; give both services the one cache, or this cache another store`,
      );
    }
  }

  /** The operator looks for the product inside the tag of a profile, in any case. */
  private warnOfSubstrings(): void {
    const { nimProduct } = this.pool.gpu;
    const others = Gpu.all().filter(
      (gpu) => gpu !== this.pool.gpu && gpu.nimProduct.toLowerCase().includes(nimProduct.toLowerCase()),
    );
    if (this.profile.engine === Engine.TENSORRT_LLM && others.length > 0) {
      warn(
        this,
        'nim-constructs:product-is-substring',
        `gpus: ${nimProduct} also selects the profiles of ${others.map((gpu) => gpu.label).join(', ')}, because the operator ` +
          'looks for the name inside the tag: all are downloaded; NimProfile.fromId() downloads one',
      );
    }
  }
}
