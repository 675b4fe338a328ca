import { Construct } from 'constructs';
import type { Gpu, GpuInstanceType } from '../catalog';
import { refuse } from '../kube/errors';
import { checkName, defaultName } from '../kube/names';
import type { GpuNodePoolFromLabels, IGpuNodePool, PoolRequest, PoolTaint } from './pool-choice';

/** What GpuNodePool.fromLabels makes. */
export class LabelledPool extends Construct implements IGpuNodePool {
  public readonly poolName: string;
  public readonly gpu: Gpu;
  public readonly nodeLabels: { [key: string]: string };
  public readonly taints: PoolTaint[];
  public readonly instanceTypes: GpuInstanceType[];

  constructor(scope: Construct, id: string, attributes: GpuNodePoolFromLabels) {
    super(scope, id);
    if (Object.keys(attributes.labels).length === 0) {
      refuse(this, {
        what: 'labels',
        given: attributes.labels,
        allowed: 'one label or more',
        fix: "write labels: { 'team': 'ml' }, a label that only the nodes of this pool carry",
      });
    }
    this.poolName = checkName(this, 'pool name', defaultName(this), 63);
    this.gpu = attributes.gpu;
    this.nodeLabels = attributes.labels;
    this.taints = attributes.taints;
    this.instanceTypes = attributes.instanceTypes ?? [];
  }

  public choosePool(_request: PoolRequest): IGpuNodePool {
    return this;
  }
}
