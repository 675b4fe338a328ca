import type { Json } from '../stack';
import { CHARTS } from './charts';
import { StepError, Waiting } from './errors';
import { checkUpdate, identityOf, kindOf, same, spoken, stillFits } from './objects';

/** What a cluster needs from AWS, which comes and goes with resources of the template. */
export interface Surroundings {
  /** The control plane, and a way in for the handler. */
  readonly reachable: boolean;
  /** System nodes with network and DNS: without them no controller runs. */
  readonly nodesRun: boolean;
  /** Whether pods of a service account, `namespace/name`, have AWS credentials. */
  hasIdentity(serviceAccount: string): boolean;
  /** Whether a pod can mount this file system. */
  mounts(fileSystemId: string): boolean;
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

interface Stored {
  object: Json;
  /** `kubectl delete` was asked and waits for a finalizer. */
  terminating: boolean;
}

const BUILT_IN_NAMESPACES = ['default', 'kube-system'];
const CLUSTER_SCOPED = ['Namespace', 'StorageClass', 'NodePool', 'EC2NodeClass'];

/** An in-memory API server with the controllers of the charts that are installed. */
export class Cluster {
  /** GPU nodes that run, and bill. They outlive the API. */
  public readonly nodes: GpuNode[] = [];
  /** What a real cluster would show as an error event and try again, or never get over. */
  public readonly complaints: string[] = [];
  /** Pools whose nodes Karpenter replaces, one by one, because their template changed. */
  public readonly drifted = new Set<string>();
  /** Every object that the API server was sent, as it was sent. */
  public readonly sent: Json[] = [];
  /** Whether caches get Ready as soon as they can. False holds the downloads. */
  public downloadsEnd = true;

  /** Whether pods outlive the deletion of their NIMService by their grace period, or by a volume that hangs. */
  public podsLinger = false;

  private readonly stored = new Map<string, Stored>();
  private readonly releases = new Map<string, string>();
  private readonly kinds = new Set<string>();
  private readonly ready = new Set<string>();
  private readonly deployments = new Map<string, Deployment>();
  private lingering?: Deployment;

  constructor(
    private readonly aws: Surroundings,
    private readonly admit: (object: Json) => readonly string[],
  ) {}

  // What tests read.

  public get objects(): string[] {
    return [...this.stored.keys()].sort();
  }

  public find(identity: string): Json {
    return this.stored.get(identity)?.object;
  }

  public get stuck(): string[] {
    return [...this.stored].filter(([, { terminating }]) => terminating).map(([identity]) => identity);
  }

  public get charts(): string[] {
    return [...this.releases.values()].sort();
  }

  /** What pods of a NIMService, `namespace/name`, run, or nothing where there is no node for them. */
  public serving(service: string): Deployment | undefined {
    const deployment = this.deployments.get(service);
    return deployment && this.nodesOf(service, deployment.pool).length > 0 ? deployment : undefined;
  }

  // What kubectl and Helm do.

  public create(object: Json): void {
    const identity = this.accept(object);
    if (this.stored.has(identity)) {
      throw new StepError(`Error from server (AlreadyExists): ${spoken(object)} already exists`);
    }
    this.stored.set(identity, { object, terminating: false });
    this.reconcile();
  }

  public apply(object: Json): void {
    const identity = this.accept(object);
    const old = this.stored.get(identity);
    if (old) {
      checkUpdate(old.object, object, this.find(`StorageClass ${object.spec?.storageClassName}`));
      this.noteDrift(old.object, object);
    }
    this.stored.set(identity, { object, terminating: old?.terminating ?? false });
    this.reconcile();
  }

  /** Waits for finalizers, as `kubectl delete` does, until the handler's Lambda function runs out of time. */
  public delete(object: Json): void {
    this.reach();
    const identity = identityOf(object);
    const stored = this.stored.get(identity);
    if (!stored) {
      return;
    }
    stored.terminating = true;
    if (object.kind === 'EC2NodeClass') {
      this.drain();
    }
    const holder = this.holderOf(stored.object);
    if (holder) {
      throw new Waiting(`timed out deleting ${spoken(object)}: ${holder}`);
    }
    this.forget(identity);
    this.reconcile();
  }

  /** `helm upgrade --install` */
  public install(release: string, chart: string, wait: boolean): void {
    this.reach();
    const { definitions, needs, serviceAccount } = CHARTS[chart] ?? unknown(chart);
    for (const kind of needs) {
      if (!this.kinds.has(kind)) {
        throw new StepError(`resource mapping not found for ${release}: no matches for kind "${kind}"`);
      }
    }
    const runs = this.aws.nodesRun && (!serviceAccount || this.aws.hasIdentity(serviceAccount));
    if (wait && !runs) {
      throw new StepError(`INSTALLATION FAILED: ${release}: timed out waiting for the condition`);
    }
    if (!runs && chart === 'nvidia-device-plugin') {
      this.complain('the device plugin was installed before the system nodes');
    }
    this.releases.set(release, chart);
    for (const kind of definitions) {
      this.kinds.add(kind);
    }
    this.reconcile();
  }

  /** `helm uninstall` */
  public uninstall(release: string): void {
    this.reach();
    const chart = CHARTS[this.releases.get(release) ?? ''];
    this.releases.delete(release);
    for (const kind of chart?.definitionsGo ? chart.definitions : []) {
      this.kinds.delete(kind);
      // Deleting a definition deletes its objects; those with a finalizer stay until it is cleared, and nobody waits.
      for (const stored of [...this.stored.values()].filter(({ object }) => kindOf(object) === kind)) {
        this.complain(`${identityOf(stored.object)} went with its definition`);
        stored.terminating = true;
        if (!this.holderOf(stored.object)) {
          this.forget(identityOf(stored.object));
        }
      }
    }
    this.reconcile();
  }

  /** The control plane is deleted, with all that it stored. Nodes that Karpenter started run on. */
  public vanish(): void {
    for (const part of [this.stored, this.releases, this.kinds, this.ready, this.deployments]) {
      part.clear();
    }
  }

  /** A mount target is deleted. */
  public unmount(fileSystemId: string): void {
    const claims = this.of('PersistentVolumeClaim').filter((claim) => this.fileSystemOf(claim) === fileSystemId);
    const lingers = ({ metadata }: Json) =>
      this.lingering?.claim === `${metadata.namespace}/${metadata.name}` &&
      this.nodes.some(({ pool }) => pool === this.lingering?.pool);
    for (const claim of claims.filter((some) => this.usersOf(some).length > 0 || lingers(some))) {
      this.complain(`a mount target of claim ${claim.metadata.name} was deleted while pods had it mounted`);
    }
  }

  /** Time passes: what can end ends. */
  public rest(): void {
    this.reconcile();
    if (this.runs('karpenter')) {
      this.drain();
      // WhenEmpty: ten minutes after the last pod.
      this.keepNodes(({ service, pool }) => {
        const deployment = this.deployments.get(service);
        return deployment !== undefined && deployment.pool === pool && deployment.replicas > 0;
      });
    }
    for (const [identity, { object, terminating }] of [...this.stored]) {
      if (terminating && !this.holderOf(object)) {
        this.forget(identity);
      }
    }
  }

  // What the API server and the controllers do.

  private reach(): void {
    if (!this.aws.reachable) {
      throw new StepError('the API server cannot be reached, or lets the handler do nothing');
    }
  }

  private accept(object: Json): string {
    this.reach();
    const identity = identityOf(object);
    const kind = kindOf(object);
    const known = Object.values(CHARTS).some(({ definitions }) => definitions.includes(kind));
    if (known && !this.kinds.has(kind)) {
      throw new StepError(`resource mapping not found for ${spoken(object)}: no matches for kind "${object.kind}"`);
    }
    const { namespace } = object.metadata;
    if (!CLUSTER_SCOPED.includes(object.kind) && !BUILT_IN_NAMESPACES.includes(namespace)) {
      if (!this.stored.has(`Namespace ${namespace}`)) {
        throw new StepError(`Error from server (NotFound): namespaces "${namespace}" not found`);
      }
    }
    for (const chart of this.releases.values()) {
      if (CHARTS[chart].webhooks.includes(kind) && !this.runs(chart)) {
        throw new StepError(`failed calling webhook of ${chart} for ${spoken(object)}: connection refused`);
      }
    }
    this.sent.push(object);
    const errors = this.admit(object);
    if (errors.length > 0) {
      throw new StepError(`The ${identity} is invalid: ${errors.join('; ')}`);
    }
    return identity;
  }

  private runs(chart: string): boolean {
    const { serviceAccount } = CHARTS[chart];
    return (
      [...this.releases.values()].includes(chart) &&
      this.aws.nodesRun &&
      (!serviceAccount || this.aws.hasIdentity(serviceAccount))
    );
  }

  private reconcile(): void {
    for (const cache of this.of('NIMCache')) {
      this.download(cache);
    }
    for (const service of this.of('NIMService')) {
      this.roll(service);
    }
    for (const [service, deployment] of this.deployments) {
      this.scale(service, deployment);
    }
  }

  private download(cache: Json): void {
    const { name, namespace } = cache.metadata;
    const { pvc } = cache.spec.storage;
    if (this.ready.has(`${namespace}/${name}`) || !this.downloadsEnd || !this.runs('k8s-nim-operator')) {
      return;
    }
    const { pullSecret, authSecret } = cache.spec.source.ngc;
    const missing = [pullSecret, authSecret].filter((secret) => !this.hasSecret(namespace, secret));
    const claim = this.find(`PersistentVolumeClaim ${namespace}/${pvc.name}`);
    const unbound = !claim || !this.aws.mounts(this.fileSystemOf(claim));
    if (missing.length > 0 || unbound) {
      this.complain(`NIMCache ${name} waits for ${[...missing, ...(unbound ? [`claim ${pvc.name}`] : [])].join(', ')}`);
      return;
    }
    this.ready.add(`${namespace}/${name}`);
  }

  /** A cache that is not Ready leaves the Deployment as it was: facts/controllers.md 7. */
  private roll(service: Json): void {
    const { name, namespace } = service.metadata;
    const { spec } = service;
    const cache = this.find(`NIMCache ${namespace}/${spec.storage.nimCache.name}`);
    if (!cache || !this.ready.has(`${namespace}/${cache.metadata.name}`) || !this.runs('k8s-nim-operator')) {
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
      const nodePool = this.find(`NodePool ${pool}`);
      const nodeClass = this.find(`EC2NodeClass ${nodePool?.spec.template.spec.nodeClassRef.name}`);
      if (!nodePool || !nodeClass || !this.runs('karpenter')) {
        this.complain(`pods of ${service} are Pending: nobody starts a node of pool ${pool}`);
        return;
      }
      if (![...this.releases.values()].includes('nvidia-device-plugin')) {
        this.complain(`nodes of pool ${pool} never show nvidia.com/gpu`);
      }
      const subnets = nodeClass.spec.subnetSelectorTerms.map(({ id }: Json) => id);
      this.nodes.push({ pool, nodeClass: nodeClass.metadata.name, service, subnets, draining: false });
    }
  }

  private nodesOf(service: string, pool: string): GpuNode[] {
    return this.nodes.filter((node) => node.service === service && node.pool === pool && !node.draining);
  }

  private noteDrift(old: Json, next: Json): void {
    const isPool = next.kind === 'NodePool' && !stillFits(old.spec.template, next.spec.template);
    if (isPool || (next.kind === 'EC2NodeClass' && !same(old.spec, next.spec))) {
      this.drifted.add(next.metadata.name);
    }
  }

  private forget(identity: string): void {
    const object = this.find(identity);
    this.stored.delete(identity);
    const { name, namespace } = object.metadata;
    if (object.kind === 'NIMService') {
      this.lingering = this.podsLinger ? this.deployments.get(`${namespace}/${name}`) : undefined;
      this.deployments.delete(`${namespace}/${name}`);
    }
    if (object.kind === 'NIMCache') {
      this.ready.delete(`${namespace}/${name}`);
    }
    if (object.kind === 'NodePool') {
      const served = [...this.deployments].filter(([, { pool, replicas }]) => pool === name && replicas > 0);
      for (const [service] of served) {
        this.complain(`NIMService ${service} lost its nodes: NodePool ${name} was deleted`);
      }
      for (const node of this.nodes.filter(({ pool }) => pool === name)) {
        node.draining = true;
      }
    }
  }

  /** Who keeps an object that is to be deleted, if anybody does. */
  private holderOf(object: Json): string | undefined {
    const kind = kindOf(object);
    for (const [chart, { finalizers }] of Object.entries(CHARTS)) {
      if (finalizers.includes(kind) && !this.runs(chart)) {
        return `its finalizer waits for ${chart}`;
      }
    }
    if (object.kind === 'EC2NodeClass' && this.nodes.some(({ nodeClass }) => nodeClass === object.metadata.name)) {
      return 'NodeClaims use it';
    }
    if (object.kind === 'PersistentVolumeClaim' && this.usersOf(object).length > 0) {
      return `${this.usersOf(object).join(', ')} use it`;
    }
    return undefined;
  }

  private drain(): void {
    if (this.runs('karpenter')) {
      this.keepNodes(({ draining }) => !draining);
    }
  }

  private keepNodes(keep: (node: GpuNode) => boolean): void {
    this.nodes.splice(0, this.nodes.length, ...this.nodes.filter(keep));
  }

  private usersOf({ metadata: { name, namespace } }: Json): string[] {
    const loading = this.of('NIMCache')
      .filter(({ spec, metadata }) => metadata.namespace === namespace && spec.storage.pvc.name === name)
      .map(({ metadata }) => `${namespace}/${metadata.name}`)
      .filter((cache) => !this.ready.has(cache));
    // A pod that no node runs keeps no claim (kubernetes/kubernetes, pkg/controller/volume/pvcprotection).
    const served = [...this.deployments].filter(
      ([service, { claim, pool }]) => claim === `${namespace}/${name}` && this.nodesOf(service, pool).length > 0,
    );
    return [...loading, ...served.map(([service]) => service)];
  }

  private fileSystemOf(claim: Json): string {
    return this.find(`StorageClass ${claim.spec.storageClassName}`)?.parameters.fileSystemId;
  }

  private hasSecret(namespace: string, name: string): boolean {
    const synced = this.find(`ExternalSecret ${namespace}/${name}`);
    return this.find(`Secret ${namespace}/${name}`) !== undefined || (synced && this.runs('external-secrets'));
  }

  private of(kind: string): Json[] {
    return [...this.stored.values()].map(({ object }) => object).filter((object) => object.kind === kind);
  }

  private complain(text: string): void {
    if (!this.complaints.includes(text)) {
      this.complaints.push(text);
    }
  }
}

function unknown(chart: string): never {
  throw new StepError(`the player does not know the chart ${chart}`);
}
