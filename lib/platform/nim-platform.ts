import { CfnOutput, Stack } from 'aws-cdk-lib';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import type { ILayerVersion } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import {
  EfsModelStore,
  type EfsModelStoreOptions,
  ExternalSecrets,
  type IKarpenter,
  type INimOperator,
  Karpenter,
  KubernetesScope,
  NimCluster,
  NimOperator,
} from '../cluster';
import { refuse } from '../kube/errors';
import { pascal } from '../kube/names';
import type { NgcCredentials } from '../nim';
import { GpuNodePool, type GpuNodePoolOptions } from '../nodes';
import { NimModel, type NimModelOptions } from './nim-model';

/** Properties of a NimPlatform. */
export interface NimPlatformProps {
  /**
   * Kubernetes version of the cluster that is made.
   *
   * @default - none: `cluster` is given
   */
  readonly version?: eks.KubernetesVersion;

  /**
   * Lambda layer with kubectl and helm for the cluster that is made, within one minor version of it.
   *
   * @default - none: `cluster` is given
   */
  readonly kubectlLayer?: ILayerVersion;

  /**
   * A cluster of your own, with a kubectl provider, system nodes, the Pod Identity agent, the EFS CSI driver and a device
   * plugin, as NimCluster makes one. What is not said to run there already is installed.
   *
   * @default - a NimCluster is made
   */
  readonly cluster?: eks.ICluster;

  /** NGC credentials for NIM images and models. */
  readonly credentials: NgcCredentials;

  /**
   * Karpenter, where the cluster has one: `Karpenter.existing(...)`. Two would fight over nodes.
   *
   * @default - Karpenter is installed
   */
  readonly karpenter?: IKarpenter;

  /**
   * The NIM Operator, where the cluster has one: `NimOperator.existing()`.
   *
   * @default - the operator is installed, and cert-manager before it
   */
  readonly operator?: INimOperator;

  /**
   * Namespace of the models.
   *
   * @default 'nim'
   */
  readonly namespace?: string;
}

/**
 * LLM inference on Amazon EKS in one construct: cluster, Karpenter, NIM Operator, secrets, and the pools, stores and
 * models that are added to it. Every part is reachable, and each can be used without this one.
 */
export class NimPlatform extends Construct {
  /** The NimCluster that made the cluster, here or in the program. */
  public readonly nimCluster?: NimCluster;
  /** The cluster. */
  public readonly cluster: eks.ICluster;
  /** Karpenter, which starts the GPU nodes. */
  public readonly karpenter: IKarpenter;
  /** The NIM Operator. */
  public readonly operator: INimOperator;
  /** External Secrets Operator, where the credentials come from Secrets Manager. */
  public readonly externalSecrets?: ExternalSecrets;
  /** Scope of the node pools. */
  public readonly nodes: KubernetesScope;
  /** Scope of stores and models. */
  public readonly workloads: KubernetesScope;

  private readonly credentials: NgcCredentials;

  constructor(scope: Construct, id: string, props: NimPlatformProps) {
    super(scope, id);
    this.credentials = props.credentials;
    if (props.cluster && (props.version || props.kubectlLayer)) {
      refuse(this, {
        what: props.version ? 'version' : 'kubectlLayer',
        given: props.version?.version ?? 'a layer',
        allowed: 'nothing beside cluster, which has its own',
        fix: 'leave it out, or leave cluster out for a new cluster',
      });
    }
    this.cluster = props.cluster ?? this.createCluster(props).cluster;
    this.nimCluster = NimCluster.of(this.cluster);
    const { cluster } = this;
    const { region } = Stack.of(this);

    this.karpenter = props.karpenter ?? new Karpenter(this, 'Karpenter', { cluster });
    this.operator = props.operator ?? new NimOperator(this, 'NimOperator', { cluster });
    this.nodes = new KubernetesScope(this, 'Nodes', { cluster, namespace: 'kube-system', karpenter: this.karpenter });
    this.workloads = new KubernetesScope(this, 'Nim', {
      cluster,
      namespace: props.namespace ?? 'nim',
      operator: this.operator,
    });

    const { unservedSecretName, unservedSecretRegion } = this.credentials;
    if (unservedSecretName) {
      this.externalSecrets = new ExternalSecrets(this, 'ExternalSecrets', { cluster });
      this.externalSecrets.grantRead(unservedSecretName, unservedSecretRegion);
      this.workloads.addPrerequisites(this.externalSecrets.chart);
      const secret = `--region ${unservedSecretRegion ?? region} --name ${unservedSecretName} --secret-string "$${this.credentials._variable}"`;
      this.output(
        this.credentials._variable === 'HF_TOKEN' ? 'StoreHuggingFaceToken' : 'StoreNgcKey',
        `aws secretsmanager create-secret ${secret}`,
      );
    }
    if (this.nimCluster) {
      // Everything waits for nodes and add-ons; operator and models also for the device plugin, which shows the GPUs.
      this.workloads.addPrerequisites(this.nimCluster.ready);
      if (this.operator instanceof NimOperator) {
        this.operator.chart.node.addDependency(this.nimCluster.ready);
      }
    }
    this.output('ConfigureKubectl', `aws eks update-kubeconfig --region ${region} --name ${cluster.clusterName}`);
  }

  /** Adds a pool of GPU nodes, which costs nothing until a pod needs it. */
  public addGpuNodePool(id: string, options: GpuNodePoolOptions): GpuNodePool {
    return new GpuNodePool(this.nodes, id, { ...options, environment: this.karpenter.nodeEnvironment });
  }

  /** Adds a store for models on EFS. */
  public addEfsModelStore(id: string, options: EfsModelStoreOptions = {}): EfsModelStore {
    return new EfsModelStore(this.workloads, id, options);
  }

  /** Adds a model: its download into a store, and its service on a pool. */
  public addModel(id: string, options: NimModelOptions): NimModel {
    const model = new NimModel(this.workloads, id, {
      ...options,
      credentials: this.credentials,
      nodes: this.nodes,
      nodeEnvironment: this.karpenter.nodeEnvironment,
    });
    const { pool } = model;
    if (options.store instanceof EfsModelStore && pool instanceof GpuNodePool) {
      // `kubectl delete` of a service does not wait for its pods: their nodes must be gone before what they mount. The
      // class of the pool is what waits for its nodes.
      pool.node.addDependency(options.store.mountTargets);
    }
    if (pool.chosenBecause) {
      this.output(`${id}Pool`, pool.chosenBecause);
    }
    this.output(`${id}Url`, model.url);
    this.output(`${id}PortForward`, model.service.portForwardCommand);
    return model;
  }

  private createCluster({ version, kubectlLayer }: NimPlatformProps): NimCluster {
    if (!version || !kubectlLayer) {
      refuse(this, {
        what: version ? 'kubectlLayer' : 'version',
        given: undefined,
        allowed: 'version and kubectlLayer for a new cluster, or cluster for one that exists',
        fix: "write version: eks.KubernetesVersion.of('1.36') and kubectlLayer: new KubectlV36Layer(stack, 'Kubectl')",
      });
    }
    return new NimCluster(this, 'Cluster', { version, kubectlLayer });
  }

  /** An output named by the construct ids alone, so that scripts can rely on it. */
  private output(id: string, value: string): void {
    const { scopes } = this.node;
    const ids = scopes.slice(scopes.indexOf(Stack.of(this)) + 1).map((scope) => scope.node.id);
    new CfnOutput(this, id, { value }).overrideLogicalId([...ids, id].map(pascal).join(''));
  }
}
