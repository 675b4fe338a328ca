import { Chart, Size } from 'cdk8s';
import { VolumeAccessMode } from '../../lib/crds';
import { NimCache, NimService } from '../../lib/nim';
import { ModelStore } from '../../lib/storage';
import type { Mistake } from './mistake';

/** Services of the library. */
export const SERVICES: Mistake[] = [
  {
    kind: 'error',
    title: 'More replicas than the pool has GPUs',
    met: 'a demo that is scaled up while the limit of the pool stays',
    today: 'The extra pods are Pending, with a message that does not name the limit.',
    program: ({ chart, cache }) => new NimService(chart, 'Llama', { cache, replicas: 8 }),
    answer:
      '[models/Llama] replicas is 8, allowed is at most 4, which is what 4 GPUs of pool l40s hold; give ' +
      'the pool maxGpus: 8',
  },
  {
    kind: 'error',
    title: 'Two replicas on an EBS volume',
    met: 'claims of gp3, which one node mounts at a time',
    today: 'The second pod ends in a multi-attach error, and a roll-out to another node does too.',
    program: ({ chart, image, profile, pool, credentials }) => {
      const store = ModelStore.fromClaimName('gp3-disk', { accessMode: VolumeAccessMode.READ_WRITE_ONCE });
      const cache = new NimCache(chart, 'Cache', { image, profile, pool, store, credentials });
      new NimService(chart, 'Llama', { cache, replicas: 2 });
    },
    answer:
      '[models/Llama] replicas is 2, allowed is 1 on a store with access mode ReadWriteOnce, which one ' +
      'node mounts at a time; use a store with ReadWriteMany, such as EfsModelStore',
  },
  {
    kind: 'error',
    title: 'A pod that is larger than any node of its pool',
    met: 'the blueprint, whose 40 vCPU forced a node of four GPUs for a model on two',
    today: 'The pod is Pending, or buys a node many times the price of what the model needs.',
    program: ({ chart, cache }) => new NimService(chart, 'Llama', { cache, memory: Size.gibibytes(1024) }),
    answer:
      '[models/Llama] memory is "1048576 MiB with 1 GPU", allowed is the share of a node of pool l40s: ' +
      '3.42 vCPU and 28293 MiB on g6e.xlarge, 7.41 vCPU and 58603 MiB on g6e.2xlarge, 15.39 vCPU and ' +
      '117288 MiB on g6e.4xlarge, 31.35 vCPU and 232997 MiB on g6e.8xlarge, 63.27 vCPU and 475480 MiB on ' +
      'g6e.16xlarge, 11.827 vCPU and 89783 MiB on g6e.12xlarge, 23.797 vCPU and 179490 MiB on ' +
      'g6e.24xlarge; let the pool start a larger type, or write less memory',
  },
  {
    kind: 'error',
    title: 'The service in another namespace than its cache',
    met: 'one namespace for models and one for each team',
    today: 'The operator looks in the namespace of the service alone: "NIMCache not found", for ever.',
    program: ({ chart, cache }) => {
      const team = new Chart(chart.node.root, 'team', { namespace: 'team-a' });
      new NimService(team, 'Llama', { cache });
    },
    answer:
      '[team/Llama] cache is "nim/cache-673c6af8", allowed is a cache in the namespace of the service, ' +
      'team-a; create the cache under the same chart: the operator looks for it in its own namespace only',
  },
  {
    kind: 'error',
    title: 'The service is named after the model',
    met: 'model names with dots, such as llama-3.1-8b-instruct',
    today: 'A NIMService may be named so; its Service and container may not, and the operator retries for ever.',
    program: ({ chart, cache }) => new NimService(chart, 'Llama', { cache, name: 'llama-3.1-8b-instruct' }),
    answer:
      `[models/Llama] service name is "llama-3.1-8b-instruct", allowed is at most 59 of a-z, 0-9 and '-', ` +
      `from a letter to a letter or digit; write name: 'llama-8b', say, or a construct id that makes such ` +
      'a name',
  },
  {
    kind: 'error',
    title: 'The path of the cache is set by hand',
    met: 'NVIDIA/nim-deploy issue 24: EFS mounted on the wrong path, and every start takes minutes',
    today: 'The server looks where the model is not, and downloads it again at each start.',
    program: ({ chart, cache }) =>
      new NimService(chart, 'Llama', { cache, env: { NIM_CACHE_PATH: '/opt/nim/.cache' } }),
    answer:
      '[models/Llama] env.NIM_CACHE_PATH is "/opt/nim/.cache", allowed is a variable that the operator ' +
      'does not set itself; leave it out: store, profile and port decide it',
  },
  {
    kind: 'error',
    title: 'A port with a digit too many',
    met: 'a slip of the hand',
    today: 'The API server refuses the NIMService, in the middle of a deployment.',
    program: ({ chart, cache }) => new NimService(chart, 'Llama', { cache, port: 80801 }),
    answer: '[models/Llama] port is 80801, allowed is a whole number from 1 to 65535; write port: 8000',
  },
];
