// What the NIM Operator, External Secrets and Karpenter do with the objects of a cluster, as far as order shows it.
import type { Json } from '../stack';
import { same, stillFits } from './objects';

/** What controllers see of their cluster. */
export interface Api {
  find(identity: string): Json;
  of(kind: string): Json[];
  /** Whether the controller of a chart runs. */
  runs(chart: string): boolean;
  installed(chart: string): boolean;
  mounts(fileSystemId: string): boolean;
  complain(text: string): void;
}

/** A GPU node that Karpenter started. CloudFormation knows nothing of it. */
export interface GpuNode {
  readonly pool: string;
  readonly nodeClass: string;
  /** NIMService whose pod it was started for, `namespace/name`. */
  readonly service: string;
  /** Where its network interface is, if it was given subnets by id. */
  readonly subnets: readonly string[];
  /** Its NodePool is deleted: Karpenter drains it, if it still can. */
  draining: boolean;
}

/** A NIMService as its Deployment runs, which lags behind its spec until the cache is Ready. */
interface Deployment {
  readonly tag: string;
  readonly cache: string;
  readonly claim: string;
  readonly pool: string;
  readonly replicas: number;
}

export class Controllers {
  /** GPU nodes that run, and bill. They outlive the API. */
  public readonly nodes: GpuNode[] = [];
  /** Pools whose nodes Karpenter replaces, one by one, because their template changed. */
  public readonly drifted = new Set<string>();
  /** Whether caches get Ready as soon as they can. False holds the downloads. */
  public downloadsEnd = true;

  /** Whether pods outlive the deletion of their NIMService by their grace period, or by a volume that hangs. */
  public podsLinger = false;

  /** Caches that are Ready, `namespace/name`. */
  private readonly ready = new Set<string>();
  private readonly deployments = new Map<string, Deployment>();
  private lingering?: Deployment;

  constructor(private readonly api: Api) {}

  /** What pods of a NIMService, `namespace/name`, run, or nothing where there is no node for them. */
  public serving(service: string): Deployment | undefined {
    const deployment = this.deployments.get(service);
    return deployment && this.nodesOf(service, deployment.pool).length > 0 ? deployment : undefined;
  }

  public reconcile(): void {
    for (const cache of this.api.of('NIMCache')) {
      this.download(cache);
    }
    for (const service of this.api.of('NIMService')) {
      this.roll(service);
    }
    for (const [service, deployment] of this.deployments) {
      this.scale(service, deployment);
    }
  }

  /** The control plane is gone. */
  public stop(): void {
    this.ready.clear();
    this.deployments.clear();
  }

  /** An object changes in place. */
  public changed(old: Json, next: Json): void {
    const isPool = next.kind === 'NodePool' && !stillFits(old.spec.template, next.spec.template);
    if (isPool || (next.kind === 'EC2NodeClass' && !same(old.spec, next.spec))) {
      this.drifted.add(next.metadata.name);
    }
  }

  /** An object is gone. */
  public removed({ kind, metadata: { name, namespace } }: Json): void {
    if (kind === 'NIMService') {
      this.lingering = this.podsLinger ? this.deployments.get(`${namespace}/${name}`) : undefined;
      this.deployments.delete(`${namespace}/${name}`);
    }
    if (kind === 'NIMCache') {
      this.ready.delete(`${namespace}/${name}`);
    }
    if (kind === 'NodePool') {
      const served = [...this.deployments].filter(([, { pool, replicas }]) => pool === name && replicas > 0);
      for (const [service] of served) {
        this.api.complain(`NIMService ${service} lost its nodes: NodePool ${name} was deleted`);
      }
      for (const node of this.nodes.filter(({ pool }) => pool === name)) {
        node.draining = true;
      }
    }
  }

  /** A mount target is deleted. */
  public unmount(fileSystemId: string): void {
    const claims = this.api.of('PersistentVolumeClaim').filter((claim) => this.fileSystemOf(claim) === fileSystemId);
    const lingers = ({ metadata }: Json) =>
      this.lingering?.claim === `${metadata.namespace}/${metadata.name}` &&
      this.nodes.some(({ pool }) => pool === this.lingering?.pool);
    for (const claim of claims.filter((some) => this.usersOf(some).length > 0 || lingers(some))) {
      this.api.complain(`a mount target of claim ${claim.metadata.name} was deleted while pods had it mounted`);
    }
  }

  /** Karpenter ends the nodes of pools that are gone. */
  public drain(): void {
    if (this.api.runs('karpenter')) {
      this.keepNodes(({ draining }) => !draining);
    }
  }

  /** WhenEmpty: ten minutes after the last pod. */
  public consolidate(): void {
    if (this.api.runs('karpenter')) {
      this.keepNodes(({ service, pool }) => {
        const deployment = this.deployments.get(service);
        return deployment !== undefined && deployment.pool === pool && deployment.replicas > 0;
      });
    }
  }

  /** Caches that load into a claim, and services with a pod that has it mounted. */
  public usersOf({ metadata: { name, namespace } }: Json): string[] {
    const loading = this.api
      .of('NIMCache')
      .filter(({ spec, metadata }) => metadata.namespace === namespace && spec.storage.pvc.name === name)
      .map(({ metadata }) => `${namespace}/${metadata.name}`)
      .filter((cache) => !this.ready.has(cache));
    // A pod that no node runs keeps no claim (kubernetes/kubernetes, pkg/controller/volume/pvcprotection).
    const served = [...this.deployments].filter(
      ([service, { claim, pool }]) => claim === `${namespace}/${name}` && this.nodesOf(service, pool).length > 0,
    );
    return [...loading, ...served.map(([service]) => service)];
  }

  private download(cache: Json): void {
    const { name, namespace } = cache.metadata;
    const { pvc } = cache.spec.storage;
    if (this.ready.has(`${namespace}/${name}`) || !this.downloadsEnd || !this.api.runs('k8s-nim-operator')) {
      return;
    }
    const { pullSecret, authSecret } = cache.spec.source.ngc;
    const missing = [pullSecret, authSecret].filter((secret) => !this.hasSecret(namespace, secret));
    const claim = this.api.find(`PersistentVolumeClaim ${namespace}/${pvc.name}`);
    const unbound = !claim || !this.api.mounts(this.fileSystemOf(claim));
    if (missing.length > 0 || unbound) {
      this.api.complain(
        `NIMCache ${name} waits for ${[...missing, ...(unbound ? [`claim ${pvc.name}`] : [])].join(', ')}`,
      );
      return;
    }
    this.ready.add(`${namespace}/${name}`);
  }

  /** A cache that is not Ready leaves the Deployment as it was: facts/controllers.md 7. */
  private roll(service: Json): void {
    const { name, namespace } = service.metadata;
    const { spec } = service;
    const cache = this.api.find(`NIMCache ${namespace}/${spec.storage.nimCache.name}`);
    if (!cache || !this.ready.has(`${namespace}/${cache.metadata.name}`) || !this.api.runs('k8s-nim-operator')) {
      return;
    }
    const [term] = spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms;
    this.deployments.set(`${namespace}/${name}`, {
      tag: spec.image.tag,
      cache: cache.metadata.name,
      claim: `${namespace}/${cache.spec.storage.pvc.name}`,
      pool: term.matchExpressions[0].values[0],
      replicas: spec.replicas ?? 1,
    });
  }

  private scale(service: string, { pool, replicas }: Deployment): void {
    for (let missing = replicas - this.nodesOf(service, pool).length; missing > 0; missing--) {
      const nodePool = this.api.find(`NodePool ${pool}`);
      const nodeClass = this.api.find(`EC2NodeClass ${nodePool?.spec.template.spec.nodeClassRef.name}`);
      if (!nodePool || !nodeClass || !this.api.runs('karpenter')) {
        this.api.complain(`pods of ${service} are Pending: nobody starts a node of pool ${pool}`);
        return;
      }
      if (!this.api.installed('nvidia-device-plugin')) {
        this.api.complain(`nodes of pool ${pool} never show nvidia.com/gpu`);
      }
      const subnets = nodeClass.spec.subnetSelectorTerms.map(({ id }: Json) => id);
      this.nodes.push({ pool, nodeClass: nodeClass.metadata.name, service, subnets, draining: false });
    }
  }

  private nodesOf(service: string, pool: string): GpuNode[] {
    return this.nodes.filter((node) => node.service === service && node.pool === pool && !node.draining);
  }

  private keepNodes(keep: (node: GpuNode) => boolean): void {
    this.nodes.splice(0, this.nodes.length, ...this.nodes.filter(keep));
  }

  private fileSystemOf(claim: Json): string {
    return this.api.find(`StorageClass ${claim.spec.storageClassName}`)?.parameters.fileSystemId;
  }

  private hasSecret(namespace: string, name: string): boolean {
    const synced = this.api.find(`ExternalSecret ${namespace}/${name}`);
    return this.api.find(`Secret ${namespace}/${name}`) !== undefined || (synced && this.api.runs('external-secrets'));
  }
}
