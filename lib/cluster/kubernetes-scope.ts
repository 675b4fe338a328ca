import { Aspects, attachCustomSynthesis, Lazy, RemovalPolicy, Stack, Stage } from 'aws-cdk-lib';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import { ApiObject, Chart } from 'cdk8s';
import type { Construct, IConstruct, IDependable } from 'constructs';
import { warn } from '../kube/annotations';
import { setApplier } from '../kube/applier';
import { refusalMessage, refuse } from '../kube/errors';
import { isNamespace } from '../kube/names';
import { ownerOf } from '../kube/owners';
import { isPlanned, plansBelow, writePlans } from '../kube/plans';
import { NimNamespace } from '../nim';
import { checked } from '../rules/checked';
import { enableCdk8s } from './cdk8s-in-cdk';
import { refuseAutoMode, waitInCluster } from './cluster-resource';
import { type Controller, controllerOf, installerOf, KARPENTER, NIM_OPERATOR } from './controllers';
import { identify } from './identity';
import type { IKarpenter } from './karpenter';
import type { INimOperator } from './nim-operator';

/** Properties of a KubernetesScope. */
export interface KubernetesScopeProps {
  /** Cluster to which the objects go. It needs a kubectl provider (`kubectlProviderOptions`). */
  readonly cluster: eks.ICluster;

  /** Namespace of the objects below. A literal. */
  readonly namespace: string;

  /**
   * Whether the namespace is made here, where it is not there already, with the Pod Security level that NIM needs.
   * It is never deleted: others may use it.
   *
   * @default - true, but for `default` and `kube-*`
   */
  readonly createNamespace?: boolean;

  /**
   * The NIM Operator, which NIMCache and NIMService objects need: a NimOperator, whom all objects below then wait for and
   * are deleted before, or `NimOperator.existing()` where the cluster runs one.
   *
   * @default - the NimOperator that the stack makes for the cluster; without any, its kinds are warned about
   */
  readonly operator?: INimOperator;

  /**
   * Karpenter, which NodePool and EC2NodeClass objects need: as for `operator`.
   *
   * @default - the Karpenter that the stack makes for the cluster; without any, its kinds are warned about
   */
  readonly karpenter?: IKarpenter;
}

/**
 * A cdk8s chart in a CDK app: every Kubernetes object below it, L1 or L2, ours or not, becomes one CloudFormation
 * resource of the stack around it.
 *
 * One resource for each object, because kubectl's pruning skips custom resources: a NIMService that leaves a manifest of
 * many objects would go on running, and billing. Objects are rendered last, so that later changes and JSON patches
 * count. Dependencies between constructs, cdk8s or CDK, order the resources as they order any other.
 */
export class KubernetesScope extends Chart {
  /** The scope around a construct. */
  public static around(construct: IConstruct): KubernetesScope {
    const scope = Chart.of(construct);
    // Not instanceof: Chart redefines it, so that every chart would pass.
    if (!('cluster' in scope)) {
      refuse(construct, {
        what: 'scope',
        given: scope.node.path,
        allowed: 'a KubernetesScope, or a construct below one',
        fix: "create it under new KubernetesScope(stack, 'Nim', { cluster, namespace: 'nim' })",
      });
    }
    return scope as KubernetesScope;
  }

  /** Cluster to which the objects go. */
  public readonly cluster: eks.ICluster;

  private readonly retained = new Set<IConstruct>();
  private readonly prerequisites: IDependable[] = [];
  private readonly controllers: ReadonlyMap<Controller, unknown>;
  private readonly missing = new Set<Controller>();
  private namespaceObject?: ApiObject;

  constructor(scope: Construct, id: string, props: KubernetesScopeProps) {
    super(scope, id, { namespace: props.namespace });
    this.cluster = props.cluster;
    this.controllers = new Map([
      [NIM_OPERATOR, props.operator],
      [KARPENTER, props.karpenter],
    ]);
    this.addPrerequisites(
      ...[props.operator?.installed, props.karpenter?.installed].filter((each) => each !== undefined),
    );
    this.checkNamespace(props.namespace);
    this.checkKubectl();
    enableCdk8s(this.node.root);

    const stack = Stack.of(this);
    setApplier(this, { region: stack.region, stable: (value) => stack.resolve(value) });

    if (props.createNamespace ?? !/^(default|kube-.*)$/.test(props.namespace)) {
      const namespace = new NimNamespace(this, 'Namespace');
      this.retain(namespace.apiObject);
    }
    Aspects.of(this).add({ visit: (node) => this.apply(node) });
    attachCustomSynthesis(this, { onSynthesize: ({ outdir }) => this.writePlans(outdir) });
  }

  /** Keeps an object in the cluster when it leaves the stack, or when the stack is deleted. */
  public retain(apiObject: ApiObject): void {
    this.retained.add(apiObject);
  }

  /**
   * Says what must stand before any object of this scope is sent to the cluster, and must outlive it: an operator whose
   * finalizers clear the objects, for example. AWS resources below the scope do not wait for it.
   */
  public addPrerequisites(...prerequisites: IDependable[]): void {
    this.prerequisites.push(...prerequisites);
  }

  /** The plans of a whole assembly, written by the first scope of it. */
  private writePlans(outdir: string): void {
    const assembly = Stage.of(this) ?? this.node.root;
    if (ownerOf(this, ['plans', assembly.node.path]) === this) {
      writePlans(outdir, isPlanned(this) ? plansBelow(assembly, Stage.isStage) : []);
    }
  }

  private apply(node: IConstruct): void {
    if (!ApiObject.isApiObject(node) || !this.isNearest(node) || node.node.tryFindChild('Manifest')) {
      return;
    }
    const object = node as ApiObject;
    const isNamespace = object.kind === 'Namespace';
    const first = this.register(object);
    if (isNamespace && object.name === this.namespace) {
      this.namespaceObject = first;
    }
    if (first !== object) {
      return;
    }
    if (object.kind === 'EC2NodeClass') {
      refuseAutoMode(object, this.cluster);
    }
    let json: unknown;
    const rendered = () => {
      json ??= checked(object, object.toJson());
      return json;
    };
    object.node.addValidation({ validate: () => this.checkSize(object, rendered()) });
    const manifest = new eks.KubernetesManifest(object, 'Manifest', {
      cluster: this.cluster,
      manifest: [Lazy.any({ produce: rendered })] as unknown as Record<string, unknown>[],
      // Pruning would need all objects in one resource, and skips custom resources.
      prune: false,
      // A namespace that is there already is taken over; anything else of the same name is an error.
      overwrite: isNamespace,
      removalPolicy: this.policyOf(object),
    });
    identify(manifest, this.cluster, [object.apiGroup, object.kind, object.metadata.namespace, object.name]);
    const others = [this.installer(object), isNamespace ? undefined : this.namespaceObject];
    waitInCluster(manifest, this.cluster, [...this.prerequisites, ...others.filter((each) => each !== undefined)]);
  }

  /** Charts of others may stand below: the nearest scope above an object applies it. */
  private isNearest(node: IConstruct): boolean {
    return node.node.scopes.filter((each) => Chart.isChart(each) && 'cluster' in each).at(-1) === this;
  }

  /** No manifest says whether a cluster knows a kind; the program does, or is told to. */
  private installer(object: ApiObject): Construct | undefined {
    const controller = controllerOf(object.apiGroup);
    if (!controller || this.controllers.get(controller)) {
      return undefined;
    }
    const installer = installerOf(controller, this.cluster);
    if (!installer && !this.missing.has(controller)) {
      this.missing.add(controller);
      const { name, warning, fix } = controller;
      warn(
        object,
        warning,
        `${object.kind} needs ${name}, and nothing says that the cluster runs it: without it the API server does not know ` +
          `the kind, and nobody acts on its objects; write ${fix}`,
      );
    }
    return installer && Stack.of(installer) === Stack.of(this) ? installer : undefined;
  }

  /** A rolled back creation must not stand in the way of the next attempt; a namespace may have been there before it. */
  private policyOf(object: ApiObject): RemovalPolicy | undefined {
    if (!this.retained.has(object)) {
      return undefined;
    }
    return object.kind === 'Namespace' ? RemovalPolicy.RETAIN : RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE;
  }

  private checkNamespace(namespace: string): void {
    if (!isNamespace(namespace)) {
      refuse(this, {
        what: 'namespace',
        given: namespace,
        allowed: "a literal of at most 63 of a-z, 0-9 and '-'",
        fix: "write namespace: 'nim'",
      });
    }
  }

  private checkKubectl(): void {
    if (!eks.KubectlProvider.getKubectlProvider(this, this.cluster)) {
      refuse(this, {
        what: 'kubectl provider of the cluster',
        given: undefined,
        allowed: 'a cluster that can run kubectl',
        fix: 'create the cluster with kubectlProviderOptions: { kubectlLayer }, or import it with kubectlProvider',
      });
    }
  }

  /** The object that stands for this one: itself, or for a namespace the first of its name in the stack. */
  private register(object: ApiObject): ApiObject {
    const isNamespace = object.kind === 'Namespace';
    // Two stacks may both see to a namespace: it is taken over and never deleted. Anything else has one owner.
    const place = [this.cluster.node.path, isNamespace ? Stack.of(object).node.path : undefined];
    const { apiGroup, kind, metadata, name } = object;
    const first = ownerOf(object, [...place, apiGroup, kind, metadata.namespace, name]);
    if (first !== object && !isNamespace) {
      refuse(object, {
        what: 'name',
        given: object.name,
        allowed: `a name that no other ${object.kind} of the cluster has: ${first.node.path} has it`,
        fix: 'give one of the two another name or construct id',
      });
    }
    return first;
  }

  private checkSize(object: ApiObject, json: unknown): string[] {
    const bytes = Buffer.byteLength(JSON.stringify(json));
    if (bytes <= MAX_MANIFEST_BYTES) {
      return [];
    }
    const message = refusalMessage(object, {
      what: 'manifest',
      given: `${bytes} bytes`,
      allowed: `at most ${MAX_MANIFEST_BYTES}, which is what the kubectl handler of CloudFormation takes`,
      fix: 'split it, or install it with a Helm chart',
    });
    // CDK puts the construct's path before a validation error itself.
    return [message.slice(message.indexOf(']') + 2)];
  }
}

/** Lambda takes an asynchronous event of 256 KB; the rest of the event needs its room. */
const MAX_MANIFEST_BYTES = 240_000;
