import { Enforcer, OPERATOR, refused, SERVICE_CRD, SERVICE_WEBHOOK } from './rule';
import type { ServiceRule } from './service-rule';

/** Rules of replicas and autoscaling. */
export const SERVICE_SCALE_RULES: readonly ServiceRule[] = [
  {
    id: 'nim-service/replicas-beside-scale',
    enforcer: Enforcer.API_SERVER,
    source: `${SERVICE_CRD}, which its own sample config/samples/nim/serving/standalone/autoscaling/llm.yaml breaks`,
    cel: ['NIMService spec c6d1ff92', 'NIMPipeline spec.services[].spec c6d1ff92'],
    *check(spec) {
      const replicas = spec.at('replicas');
      if (spec.at('scale', 'enabled').isTrue && replicas.given) {
        yield refused(replicas, 'none while scale.enabled is true', 'leave it out, and write scale.hpa.minReplicas');
      }
    },
  },
  {
    id: 'nim-service/scale-of-multi-node',
    enforcer: Enforcer.API_SERVER,
    source: SERVICE_CRD,
    cel: ['NIMService spec 12f8a2fe', 'NIMPipeline spec.services[].spec 12f8a2fe'],
    *check(spec) {
      const enabled = spec.at('scale', 'enabled');
      if (enabled.isTrue && spec.has('multiNode')) {
        yield refused(enabled, 'false with multiNode', 'leave scale out, and write replicas');
      }
    },
  },
  {
    id: 'nim-service/scale-without-hpa',
    enforcer: Enforcer.WEBHOOK,
    source: `${SERVICE_WEBHOOK} validateScaleConfiguration`,
    *check(spec) {
      const hpa = spec.at('scale', 'hpa');
      if (spec.at('scale', 'enabled').isTrue && (!hpa.given || hpa.isEmpty)) {
        yield refused(
          hpa,
          'an autoscaler while scale.enabled is true',
          'write hpa: { maxReplicas: 4, metrics: [...] }',
        );
      }
    },
  },
  {
    id: 'nim-service/scale-bounds',
    enforcer: Enforcer.NOBODY,
    source:
      'kubernetes pkg/apis/autoscaling/validation validateHorizontalPodAutoscalerSpec, which the HPA of the operator meets',
    *check(spec) {
      const hpa = spec.at('scale', 'hpa');
      const [least, most] = [hpa.at('minReplicas'), hpa.at('maxReplicas')];
      if (spec.at('scale', 'enabled').isTrue && most.number !== undefined) {
        if (most.number < 1) {
          yield refused(most, 'a whole number of 1 or more', 'write maxReplicas: 4, say');
        } else if ((least.number ?? 1) > most.number) {
          yield refused(least, `at most maxReplicas, ${most.number}`, 'lower it, or raise maxReplicas');
        }
      }
    },
  },
  {
    id: 'nim-service/scale-on-cpu',
    enforcer: Enforcer.NOBODY,
    source: `${OPERATOR} internal/controller/platform/standalone: an HPA without metrics scales on CPU, which says nothing of a GPU`,
    *check(spec) {
      const hpa = spec.at('scale', 'hpa');
      const metrics = hpa.at('metrics');
      const fix = 'scale on a metric of the server, such as gpu_cache_usage_perc (prometheus-adapter), or by KEDA';
      if (spec.at('scale', 'enabled').isTrue && hpa.given && !hpa.isEmpty) {
        if (!metrics.given || metrics.isEmpty) {
          yield refused(metrics, 'a metric of the server, as the default is CPU', fix);
        }
        for (const name of metrics.items.map((metric) => metric.at('resource', 'name'))) {
          if (name.text === 'cpu' || name.text === 'memory') {
            yield refused(name, 'a metric of the server, as CPU and memory say nothing of a GPU', fix);
          }
        }
      }
    },
  },
];
