import { ApiObject, type Size } from 'cdk8s';
import type { ImagePullPolicy, k8s } from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { KubeNimService, type NimServiceStorage, VolumeAccessMode } from '../crds';
import { warn } from '../kube/annotations';
import { refuse } from '../kube/errors';
import { checkName, defaultName, namespaceOf } from '../kube/names';
import { isPlanned, setPlan } from '../kube/plans';
import { namedPort } from '../kube/quantities';
import { addPods } from '../nodes/pool-pods';
import { ColdStart, ImageOwner, type NodeShare, type ServicePlan, StartupBudget } from '../plan';
import { acknowledge } from '../rules/acknowledgements';
import { guarded } from '../rules/checked';
import { checkEnv, envVars } from './env';
import type { NimCache } from './nim-cache';
import { affinityTo, POOL_LABEL, tolerationsOf } from './placement';
import { podResources } from './pod-resources';
import { checkDemand } from './pool-demand';
import { checkGpuMemory } from './profile-fit';
import { plannedImage, refuseNoFit, type Serving, servicePlan, warnOfPlan } from './service-plan';

/** How the service is reached: types of a Kubernetes Service. */
export enum ServiceType {
  /** Inside the cluster. */
  CLUSTER_IP = 'ClusterIP',
  /** A port of every node. */
  NODE_PORT = 'NodePort',
  /** A load balancer. NIM has no authentication of its own. */
  LOAD_BALANCER = 'LoadBalancer',
}

/** A ServiceMonitor for Prometheus. */
export interface ServiceMonitorOptions {
  /**
   * Seconds between two scrapes.
   *
   * @default 30
   */
  readonly intervalSeconds?: number;
  /**
   * Labels by which Prometheus finds the ServiceMonitor.
   *
   * @default - none
   */
  readonly labels?: { [key: string]: string };
}

/** How a cached model is served. */
export interface NimServiceOptions {
  /**
   * Pods that serve the model. 0 stops it and keeps the object.
   *
   * @default 1
   */
  readonly replicas?: number;

  /**
   * Type of the Kubernetes Service.
   *
   * @default ServiceType.CLUSTER_IP
   */
  readonly serviceType?: ServiceType;

  /**
   * Port of the API.
   *
   * @default 8000
   */
  readonly port?: number;

  /**
   * vCPUs of one pod.
   *
   * @default - the part, by GPU, of the cheapest node of the pool that holds the pod; 3 a GPU where its types are not known
   */
  readonly cpu?: number;

  /**
   * Memory of one pod, request and limit.
   *
   * @default - as for cpu; what the model needs where the pool's types are not known
   */
  readonly memory?: Size;

  /**
   * How long a pod may take until it answers, before Kubernetes restarts it.
   *
   * @default - by StartupBudget, from the size of the model and the speed of the store
   */
  readonly startupBudget?: StartupBudget;

  /**
   * Scraping by Prometheus. Only where its ServiceMonitor CRD is installed: without it the operator makes no pod at all.
   *
   * @default - no ServiceMonitor
   */
  readonly serviceMonitor?: ServiceMonitorOptions;

  /**
   * Environment of the server, by name. Keys and what the operator sets itself are refused.
   *
   * @default - none
   */
  readonly env?: { [name: string]: string };
}

/** Properties of a NimService. */
export interface NimServiceProps extends NimServiceOptions {
  /** The cached model. Image, profile, GPUs, claim, folder, user, pool and credentials follow from it. */
  readonly cache: NimCache;

  /**
   * Name of the NIMService and of the Kubernetes Service.
   *
   * @default - from the construct ids below the chart
   */
  readonly name?: string;
}

/** The operator names a container after the service, with `-ctr` behind it, in 63 characters. */
const MAX_NAME = 59;

/** A model that answers on an OpenAI-compatible API: a NIMService on the nodes of its cache's pool. */
export class NimService extends Construct {
  /** Name of the NIMService and of the Kubernetes Service. */
  public readonly name: string;
  /** Address inside the cluster. */
  public readonly url: string;
  /** Command that opens the API on this machine. */
  public readonly portForwardCommand: string;
  /** The cached model. */
  public readonly cache: NimCache;
  /** Share of a node that a pod asks for, where the types of the pool are known. */
  public readonly nodeShare?: NodeShare;
  /** The NIMService, for what has no prop here. */
  public readonly apiObject: KubeNimService;

  private readonly serving: Serving;
  /** The plan as it was when everything was there. */
  private synthesized?: ServicePlan;
  private warned = false;

  constructor(scope: Construct, id: string, props: NimServiceProps) {
    super(scope, id);
    const { cache } = props;
    const { pool, image, profile, store } = cache;
    const namespace = namespaceOf(this);
    const port = props.port ?? 8000;
    const replicas = props.replicas ?? 1;
    this.cache = cache;
    this.name = checkName(this, 'service name', props.name ?? defaultName(this), MAX_NAME);
    this.url = `http://${this.name}.${namespace}.svc.cluster.local:${port}`;
    this.portForwardCommand = `kubectl port-forward --namespace ${namespace} service/${this.name} ${port}:${port}`;

    checkEnv(this, profile, props.env);
    checkGpuMemory(this, { image, profile, env: props.env }, pool);
    if (props.serviceType === ServiceType.LOAD_BALANCER) {
      warn(
        this,
        'nim-constructs:open-load-balancer',
        'serviceType LoadBalancer opens an API that asks nobody who they are; put an authenticating gateway before it, or ' +
          'restrict the load balancer, then acknowledge this warning',
      );
    }
    this.checkCounts(replicas, port);
    this.checkCache(namespace, replicas);

    const secrets = cache.credentials._bind(cache);
    const { nodeShare, requirements, podsOn, excess, cpuMillis, memoryMib } = podResources(this, cache, props);
    checkDemand(this, pool, { replicas, gpus: profile.tensorParallelism }, podsOn);
    this.nodeShare = nodeShare;
    this.serving = {
      replicas,
      env: props.env,
      asked: { cpuMillis: props.cpu && props.cpu * 1000, memoryMib: props.memory?.toMebibytes() },
      pod: { pods: replicas, gpus: profile.tensorParallelism, cpuMillis, memoryMib },
    };
    refuseNoFit(this, cache, this.serving);
    addPods(pool, this, this.serving.pod);
    setPlan(this, () => this.synthesized ?? this.plan);
    this.node.addValidation({ validate: () => this.warnOnce(excess) });
    const budget = this.checkedBudget(props.startupBudget ?? this.startupBudget());

    this.apiObject = new KubeNimService(this, 'Resource', {
      metadata: { name: this.name, labels: { [POOL_LABEL]: pool.poolName } },
      spec: {
        image: {
          repository: image.repository,
          tag: image.tag,
          pullPolicy: 'IfNotPresent' as ImagePullPolicy.IF_NOT_PRESENT,
          pullSecrets: secrets.pullSecret ? [secrets.pullSecret] : undefined,
        },
        authSecret: secrets.authSecret,
        storage: this.storage(),
        replicas,
        resources: requirements,
        affinity: affinityTo(pool),
        tolerations: tolerationsOf(pool),
        userId: store.userId,
        groupId: store.groupId,
        // A model of a profile is found by its name; the operator names one of a hub itself.
        env: envVars({ ...(cache.source.folder ? { NIM_MODEL_NAME: '/model-store' } : {}), ...props.env }),
        expose: { service: { type: props.serviceType ?? ServiceType.CLUSTER_IP, port } },
        // A busy server answers in more than the operator's one second (NVIDIA/k8s-nim-operator issue 730).
        livenessProbe: { enabled: true, probe: healthProbe('live', 5, 3) },
        readinessProbe: { enabled: true, probe: healthProbe('ready', 5, 3) },
        startupProbe: { enabled: true, probe: healthProbe('ready', 5, budget.failureThreshold) },
        metrics: serviceMonitor(props.serviceMonitor),
      },
    });
    if (cache.source.folder && image.owner === ImageOwner.OWN) {
      const reason = "this project's image writes nothing beside the model";
      acknowledge(this.apiObject, { rule: 'nim-service/read-only-storage', reason });
    }
    for (const needed of [cache._object ?? store.claim, secrets.secrets]) {
      if (needed) {
        this.apiObject.node.addDependency(needed);
      }
    }
    if (pool.nodes) {
      this.apiObject.node.addDependency(pool.nodes);
    }
    if (replicas > 1) {
      this.addDisruptionBudget();
    }
  }

  /**
   * What the service needs, how fast it can be at most, and what it costs, among the services that its pool has by now;
   * undefined where model or precision are not known.
   */
  public get plan(): ServicePlan | undefined {
    return servicePlan(this, this.cache, this.serving);
  }

  private storage(): NimServiceStorage {
    const { name, source, profile, image, store, subPath } = this.cache;
    if (source.folder) {
      // NVIDIA's images write caches beside the model, ours nothing.
      const readOnly = image.owner === ImageOwner.OWN ? true : undefined;
      return { pvc: { create: false, name: store.claimName, subPath }, readOnly };
    }
    return { nimCache: { name, profile: source.repository ? undefined : profile._idIn(image) } };
  }

  /** At synthesis, when the other services of the pool are there. No error: an empty list. */
  private warnOnce(excess?: string): string[] {
    this.synthesized = isPlanned(this) ? this.plan : undefined;
    if (!this.warned) {
      this.warned = true;
      warnOfPlan(this, this.synthesized, excess);
    }
    return [];
  }

  private checkCounts(replicas: number, port: number): void {
    if (!Number.isInteger(replicas) || replicas < 0) {
      refuse(this, {
        what: 'replicas',
        given: replicas,
        allowed: 'a whole number of 0 or more',
        fix: 'write replicas: 1',
      });
    }
    if (!Number.isInteger(port) || port < 1 || port > 65535) {
      refuse(this, { what: 'port', given: port, allowed: 'a whole number from 1 to 65535', fix: 'write port: 8000' });
    }
  }

  private checkCache(namespace: string, replicas: number): void {
    const { cache } = this;
    if (namespaceOf(cache) !== namespace) {
      refuse(this, {
        what: 'cache',
        given: `${namespaceOf(cache)}/${cache.name}`,
        allowed: `a cache in the namespace of the service, ${namespace}`,
        fix: 'create the cache under the same chart: the operator looks for it in its own namespace only',
      });
    }
    const { accessMode } = cache.store;
    const single =
      accessMode === VolumeAccessMode.READ_WRITE_ONCE || accessMode === VolumeAccessMode.READ_WRITE_ONCE_POD;
    if (replicas > 1 && single) {
      refuse(this, {
        what: 'replicas',
        given: replicas,
        allowed: `1 on a store with access mode ${accessMode}, which one node mounts at a time`,
        fix: 'use a store with ReadWriteMany, such as EfsModelStore',
      });
    }
  }

  private startupBudget(): StartupBudget {
    const { image, profile, store } = this.cache;
    const weightBytes = image.model && profile.precision ? image.model.weightBytes(profile.precision) : 0;
    const { readMibPerSecond } = store;
    return StartupBudget.ofColdStart(ColdStart.of({ image: plannedImage(image), weightBytes, readMibPerSecond }));
  }

  private checkedBudget(budget: StartupBudget): StartupBudget {
    if (!(budget.seconds >= 1 && budget.seconds < Number.POSITIVE_INFINITY)) {
      refuse(this, {
        what: 'startupBudget',
        given: `${budget.seconds} s`,
        allowed: '1 s or more, from a store that reads more than 0 MiB a second',
        fix: 'write StartupBudget.ofSeconds(1800), or the true readMibPerSecond of the store',
      });
    }
    return budget;
  }

  /** The operator makes none, so that draining nodes could take all replicas at once. */
  private addDisruptionBudget(): void {
    const budget = new ApiObject(this, 'DisruptionBudget', {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: this.name },
      spec: { maxUnavailable: 1, selector: { matchLabels: { app: this.name } } },
    });
    guarded(budget);
  }
}

function healthProbe(state: 'live' | 'ready', timeoutSeconds: number, failureThreshold: number): k8s.Probe {
  return {
    httpGet: { path: `/v1/health/${state}`, port: namedPort('api') },
    initialDelaySeconds: 15,
    periodSeconds: StartupBudget.PERIOD_SECONDS,
    timeoutSeconds,
    failureThreshold,
  };
}

function serviceMonitor(options?: ServiceMonitorOptions) {
  if (!options) {
    return { enabled: false };
  }
  return {
    enabled: true,
    serviceMonitor: { interval: `${options.intervalSeconds ?? 30}s`, additionalLabels: options.labels },
  };
}
