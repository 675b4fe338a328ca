import type { Json } from '../stack';
import { CHARTS } from './charts';
import { type Api, Controllers } from './controllers';
import { StepError, Waiting } from './errors';
import { checkUpdate, identityOf, kindOf, spoken } from './objects';

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

interface Stored {
  object: Json;
  /** `kubectl delete` was asked and waits for a finalizer. */
  terminating: boolean;
}

const BUILT_IN_NAMESPACES = ['default', 'kube-system'];
const CLUSTER_SCOPED = ['Namespace', 'StorageClass', 'NodePool', 'EC2NodeClass'];

/** An in-memory API server with the controllers of the charts that are installed. */
export class Cluster implements Api {
  public readonly controllers = new Controllers(this);
  /** What a real cluster would show as an error event and try again, or never get over. */
  public readonly complaints: string[] = [];
  /** Every object that the API server was sent, as it was sent. */
  public readonly sent: Json[] = [];
  private readonly stored = new Map<string, Stored>();
  private readonly releases = new Map<string, string>();
  private readonly kinds = new Set<string>();
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

  // What controllers see.

  public runs(chart: string): boolean {
    const { serviceAccount } = CHARTS[chart];
    return this.installed(chart) && this.aws.nodesRun && (!serviceAccount || this.aws.hasIdentity(serviceAccount));
  }

  public installed(chart: string): boolean {
    return [...this.releases.values()].includes(chart);
  }

  public mounts(fileSystemId: string): boolean {
    return this.aws.mounts(fileSystemId);
  }

  public of(kind: string): Json[] {
    return [...this.stored.values()].map(({ object }) => object).filter((object) => object.kind === kind);
  }

  public complain(text: string): void {
    if (!this.complaints.includes(text)) {
      this.complaints.push(text);
    }
  }

  // What kubectl and Helm do.

  public create(object: Json): void {
    const identity = this.accept(object);
    if (this.stored.has(identity)) {
      throw new StepError(`Error from server (AlreadyExists): ${spoken(object)} already exists`);
    }
    this.stored.set(identity, { object, terminating: false });
    this.controllers.reconcile();
  }

  public apply(object: Json): void {
    const identity = this.accept(object);
    const old = this.stored.get(identity);
    if (old) {
      checkUpdate(old.object, object, this.find(`StorageClass ${object.spec?.storageClassName}`));
      this.controllers.changed(old.object, object);
    }
    this.stored.set(identity, { object, terminating: old?.terminating ?? false });
    this.controllers.reconcile();
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
      this.controllers.drain();
    }
    const holder = this.holderOf(stored.object);
    if (holder) {
      throw new Waiting(`timed out deleting ${spoken(object)}: ${holder}`);
    }
    this.forget(identity);
    this.controllers.reconcile();
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
    this.controllers.reconcile();
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
    this.controllers.reconcile();
  }

  /** The control plane is deleted, with all that it stored. Nodes that Karpenter started run on. */
  public vanish(): void {
    for (const part of [this.stored, this.releases, this.kinds]) {
      part.clear();
    }
    this.controllers.stop();
  }

  /** Time passes: what can end ends. */
  public rest(): void {
    this.controllers.reconcile();
    this.controllers.drain();
    this.controllers.consolidate();
    for (const [identity, { object, terminating }] of [...this.stored]) {
      if (terminating && !this.holderOf(object)) {
        this.forget(identity);
      }
    }
  }

  // What the API server does.

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

  private forget(identity: string): void {
    const object = this.find(identity);
    this.stored.delete(identity);
    this.controllers.removed(object);
  }

  /** Who keeps an object that is to be deleted, if anybody does. */
  private holderOf(object: Json): string | undefined {
    const kind = kindOf(object);
    for (const [chart, { finalizers }] of Object.entries(CHARTS)) {
      if (finalizers.includes(kind) && !this.runs(chart)) {
        return `its finalizer waits for ${chart}`;
      }
    }
    if (
      object.kind === 'EC2NodeClass' &&
      this.controllers.nodes.some(({ nodeClass }) => nodeClass === object.metadata.name)
    ) {
      return 'NodeClaims use it';
    }
    if (object.kind === 'PersistentVolumeClaim' && this.controllers.usersOf(object).length > 0) {
      return `${this.controllers.usersOf(object).join(', ')} use it`;
    }
    return undefined;
  }
}

function unknown(chart: string): never {
  throw new StepError(`the player does not know the chart ${chart}`);
}
