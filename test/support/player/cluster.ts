import type { Json } from '../stack';
import { CHARTS } from './charts';
import { StepError } from './errors';
import { checkUpdate, identityOf, kindOf, spoken } from './objects';

/** What a cluster needs from AWS, which comes and goes with resources of the template. */
export interface Surroundings {
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
  /** Its NodePool is deleted: Karpenter drains it, if it still can. */
  draining: boolean;
}

/** A NIMService as its Deployment runs, which lags behind its spec until the cache is Ready. */
interface Deployment {
  readonly tag: string;
  readonly cache: string;
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
  /** Every object that the API server was sent, as it was sent. */
  public readonly sent: Json[] = [];
  /** Whether caches get Ready as soon as they can. False holds the downloads. */
  public downloadsEnd = true;

  private readonly stored = new Map<string, Stored>();
  private readonly releases = new Map<string, string>();
  private readonly kinds = new Set<string>();
  private readonly ready = new Set<string>();
  private readonly deployments = new Map<string, Deployment>();

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

  /** What pods of a NIMService run, or nothing where there is no node for them. */
  public serving(name: string): Deployment | undefined {
    const deployment = this.deployments.get(name);
    const node = this.nodes.some(({ pool, draining }) => pool === deployment?.pool && !draining);
    return node && deployment && deployment.replicas > 0 ? deployment : undefined;
  }

  /** Whether a pod has a claim on this file system mounted. */
  public uses(fileSystemId: string): boolean {
    return this.of('PersistentVolumeClaim').some(
      (claim) => this.fileSystemOf(claim) === fileSystemId && this.usersOf(claim).length > 0,
    );
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
    }
    this.stored.set(identity, { object, terminating: old?.terminating ?? false });
    this.reconcile();
  }

  /** Waits for finalizers, as `kubectl delete` does, until the handler's Lambda function runs out of time. */
  public delete(object: Json): void {
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
      throw new StepError(`timed out deleting ${spoken(object)}: ${holder}`);
    }
    this.forget(identity);
    this.reconcile();
  }

  /** `helm upgrade --install` */
  public install(release: string, chart: string, wait: boolean): void {
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
    const chart = CHARTS[this.releases.get(release) ?? ''];
    this.releases.delete(release);
    for (const kind of chart?.definitionsGo ? chart.definitions : []) {
      this.kinds.delete(kind);
      // Deleting a definition deletes its objects, and nobody waits for them.
      for (const { object } of [...this.stored.values()].filter((some) => kindOf(some.object) === kind)) {
        this.complain(`${identityOf(object)} went with its definition`);
        this.forget(identityOf(object));
      }
    }
    this.reconcile();
  }

  /** Time passes: what can end ends. */
  public rest(): void {
    this.reconcile();
    if (this.runs('karpenter')) {
      this.drain();
      // WhenEmpty: ten minutes after the last pod.
      const wanted = [...this.deployments.values()].filter(({ replicas }) => replicas > 0).map(({ pool }) => pool);
      this.keepNodes(({ pool }) => wanted.includes(pool));
    }
    for (const [identity, { object, terminating }] of [...this.stored]) {
      if (terminating && !this.holderOf(object)) {
        this.forget(identity);
      }
    }
  }

  // What the API server and the controllers do.

  private accept(object: Json): string {
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
    for (const { pool, replicas } of this.deployments.values()) {
      this.scale(pool, replicas);
    }
  }

  private download(cache: Json): void {
    const { name, namespace } = cache.metadata;
    const { pvc } = cache.spec.storage;
    if (this.ready.has(name) || !this.downloadsEnd || !this.runs('k8s-nim-operator')) {
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
    this.ready.add(name);
  }

  /** A cache that is not Ready leaves the Deployment as it was: facts/controllers.md 7. */
  private roll(service: Json): void {
    const { name } = service.metadata;
    const { spec } = service;
    if (!this.ready.has(spec.storage.nimCache.name) || !this.runs('k8s-nim-operator')) {
      return;
    }
    const [term] = spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms;
    const pool = term.matchExpressions[0].values[0];
    const { replicas = 1 } = spec;
    this.deployments.set(name, { tag: spec.image.tag, cache: spec.storage.nimCache.name, pool, replicas });
  }

  private scale(pool: string, replicas: number): void {
    if (replicas === 0 || this.nodes.some((node) => node.pool === pool && !node.draining)) {
      return;
    }
    const nodePool = this.find(`NodePool ${pool}`);
    const nodeClass = this.find(`EC2NodeClass ${nodePool?.spec.template.spec.nodeClassRef.name}`);
    if (!nodePool || !nodeClass || !this.runs('karpenter')) {
      this.complain(`pods are Pending: nobody starts a node of pool ${pool}`);
      return;
    }
    if (![...this.releases.values()].includes('nvidia-device-plugin')) {
      this.complain(`nodes of pool ${pool} never show nvidia.com/gpu`);
    }
    this.nodes.push({ pool, nodeClass: nodeClass.metadata.name, draining: false });
  }

  private forget(identity: string): void {
    const object = this.find(identity);
    this.stored.delete(identity);
    const { name } = object.metadata;
    if (object.kind === 'NIMService') {
      this.deployments.delete(name);
    }
    if (object.kind === 'NIMCache') {
      this.ready.delete(name);
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

  private usersOf(claim: Json): string[] {
    const { name, namespace } = claim.metadata;
    const caches = this.of('NIMCache').filter(
      ({ spec, metadata }) => metadata.namespace === namespace && spec.storage.pvc.name === name,
    );
    const loading = caches.filter(({ metadata }) => !this.ready.has(metadata.name));
    const served = [...this.deployments].filter(([, { cache, replicas }]) => {
      return replicas > 0 && caches.some(({ metadata }) => metadata.name === cache);
    });
    return [...loading.map(({ metadata }) => metadata.name), ...served.map(([service]) => service)];
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
