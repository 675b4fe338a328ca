import { isPinned, LOGIN } from './images';
import { Enforcer, OPERATOR, refused, SERVICE_WEBHOOK } from './rule';
import type { ServiceRule } from './service-rule';

/**
 * What YAML 1.1 does not read as text, as the operator's templates write values without quotes: booleans, numbers, null.
 * Dates are text there.
 */
const NO_TEXT =
  /^(y|n|yes|no|on|off|true|false|null|~|[-+]?(0b[01_]+|0x[0-9a-f_]+|0o?[0-7_]+|\d[\d_]*(\.[\d_]*)?(e[-+]?\d+)?|\.\d[\d_]*(e[-+]?\d+)?)|[-+]?\.inf|\.nan)$/i;

/** Rules of what the pods run, and where. */
export const SERVICE_POD_RULES: readonly ServiceRule[] = [
  {
    id: 'nim-service/empty-image',
    enforcer: Enforcer.WEBHOOK,
    source: `${SERVICE_WEBHOOK} validateImageConfiguration`,
    *check(spec) {
      for (const part of ['repository', 'tag'].map((name) => spec.at('image', name))) {
        if (part.value === '') {
          yield refused(
            part,
            'a text that is not empty',
            "write repository: 'nvcr.io/nim/meta/llama-3.1-8b-instruct' and its tag",
          );
        }
      }
    },
  },
  {
    id: 'nim-service/moving-tag',
    enforcer: Enforcer.NOBODY,
    source: 'Kubernetes documentation, images: a tag that moves gives each node the image of its own day',
    *check(spec) {
      const tag = spec.at('image', 'tag');
      if (tag.text && !isPinned(`image:${tag.text}`)) {
        yield refused(tag, 'a tag other than latest', 'write the tag that the cache was made with');
      }
    },
  },
  {
    id: 'nim-service/pull-secrets',
    enforcer: Enforcer.NOBODY,
    source:
      'NVIDIA NIM for LLMs 2.0.13 documentation: a key for images of before 2.0.10 and of production branches; else ImagePullBackOff',
    *check(spec) {
      const [repository, secrets] = [spec.at('image', 'repository'), spec.at('image', 'pullSecrets')];
      if (repository.text?.startsWith('nvcr.io/nim/') && (!secrets.given || secrets.isEmpty)) {
        yield refused(secrets, LOGIN, "write pullSecrets: ['ngc-secret']");
      }
    },
  },
  {
    id: 'nim-service/empty-auth-secret',
    enforcer: Enforcer.WEBHOOK,
    source: `${SERVICE_WEBHOOK} validateAuthSecret`,
    outgrown: 'operators after 3.1.2 take a service without authSecret (NVIDIA/k8s-nim-operator commit 767135c8)',
    *check(spec) {
      const secret = spec.at('authSecret');
      if (secret.value === '') {
        yield refused(secret, 'the name of a Secret with NGC_API_KEY', "write authSecret: 'ngc-api-secret'");
      }
    },
  },
  {
    id: 'nim-service/node-selector-word',
    enforcer: Enforcer.NOBODY,
    source: `${OPERATOR} manifests/deployment.yaml and lws.yaml: values are rendered without quotes (issue 634)`,
    *check(spec) {
      for (const [, value] of spec.at('nodeSelector').entries) {
        if (value.text && NO_TEXT.test(value.text)) {
          yield refused(
            value,
            'a word that YAML reads as text, as the operator writes it without quotes',
            'match it with affinity.nodeAffinity, which the operator quotes',
          );
        }
      }
    },
  },
  {
    id: 'nim-service/toleration-seconds',
    enforcer: Enforcer.NOBODY,
    source: `${OPERATOR} manifests/deployment.yaml: tolerations have four fields there`,
    *check(spec) {
      for (const seconds of spec.at('tolerations').items.map((toleration) => toleration.at('tolerationSeconds'))) {
        if (seconds.given) {
          yield refused(
            seconds,
            'none: the operator drops it, and the pod tolerates the taint for ever',
            'leave it out',
          );
        }
      }
    },
  },
  {
    id: 'nim-service/label-app',
    enforcer: Enforcer.NOBODY,
    source: `${OPERATOR} manifests/deployment.yaml: the selector is app=<name>, and labels overwrite it in the template`,
    *check(spec) {
      const app = spec.at('labels', 'app');
      if (app.given) {
        yield refused(app, 'none, as the operator selects its pods by it', 'use another key');
      }
    },
  },
  {
    id: 'nim-service/iam-role-annotation',
    enforcer: Enforcer.NOBODY,
    source: `${OPERATOR} internal/controller/platform/standalone: annotations do not reach the ServiceAccount`,
    *check(spec) {
      const role = spec.at('annotations', 'eks.amazonaws.com/role-arn');
      if (role.given) {
        yield refused(
          role,
          'none: annotations do not reach the ServiceAccount, and the pods get no role',
          'associate the role by EKS Pod Identity with the service account that is named as the NIMService',
        );
      }
    },
  },
  {
    id: 'nim-service/metrics-without-monitor',
    enforcer: Enforcer.WEBHOOK,
    source: `${SERVICE_WEBHOOK} validateMetricsConfiguration`,
    *check(spec) {
      const monitor = spec.at('metrics', 'serviceMonitor');
      if (spec.at('metrics', 'enabled').isTrue && (!monitor.given || monitor.isEmpty)) {
        yield refused(monitor, 'a ServiceMonitor that is not empty', "write serviceMonitor: { interval: '30s' }");
      }
    },
  },
  {
    id: 'nim-service/needs-kserve',
    enforcer: Enforcer.WEBHOOK,
    source: `${SERVICE_WEBHOOK} validateKServeConfiguration; NVIDIA/k8s-nim-operator issues 833 and 907`,
    outgrown: 'a cluster that runs KServe takes it',
    *check(spec) {
      const platform = spec.at('inferencePlatform');
      if (platform.text === 'kserve') {
        yield refused(
          platform,
          'standalone, unless the KServe controller runs in the cluster',
          'leave it out, or install KServe before the operator and acknowledge this rule',
        );
      }
    },
  },
  {
    id: 'nim-service/kserve-multi-node',
    enforcer: Enforcer.WEBHOOK,
    source: `${SERVICE_WEBHOOK} validateKServeConfiguration`,
    *check(spec) {
      if (spec.at('inferencePlatform').text === 'kserve' && spec.has('multiNode')) {
        yield refused(spec.at('inferencePlatform'), 'standalone with multiNode', 'leave it out');
      }
    },
  },
  {
    id: 'nim-service/knative',
    enforcer: Enforcer.WEBHOOK,
    source: `${SERVICE_WEBHOOK} validateKServeConfiguration`,
    *check(spec) {
      const mode = spec.at('annotations', 'serving.kserve.io/deploymentMode').text ?? '';
      if (spec.at('inferencePlatform').text !== 'kserve' || !/^(knative|serverless)$/i.test(mode)) {
        return;
      }
      const switches = [
        spec.at('scale', 'enabled'),
        spec.at('expose', 'ingress', 'enabled'),
        spec.at('metrics', 'enabled'),
      ];
      const routers = [spec.at('expose', 'router', 'ingress'), spec.at('expose', 'router', 'gateway')];
      for (const part of [...switches.filter((each) => each.isTrue), ...routers.filter((each) => each.given)]) {
        yield refused(part, 'none in the Knative mode of KServe', 'leave it out: Knative scales, routes and measures');
      }
    },
  },
];
