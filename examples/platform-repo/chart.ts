// The same models as YAML, for GitOps: aws-cdk-lib need not be installed.
import { App, Chart } from 'cdk8s';
import { Gpu } from 'nim-constructs/catalog';
import { GpuNodePool } from 'nim-constructs/nodes';
import { ModelStore } from 'nim-constructs/storage';
import { addLlama } from './models';

const app = new App();
const chart = new Chart(app, 'models', { namespace: 'nim' });
const pool = GpuNodePool.fromLabels(chart, 'L40S', {
  gpu: Gpu.L40S,
  labels: { 'example.com/pool': 'l40s' },
  taints: [],
});
addLlama(chart, pool, ModelStore.fromClaimName('nim-models'));
app.synth();
