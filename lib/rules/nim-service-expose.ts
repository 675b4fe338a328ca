import { Enforcer, OPERATOR, refused, SERVICE_CRD, SERVICE_WEBHOOK } from './rule';
import type { ServiceRule } from './service-rule';

/** Rules of `expose`. */
export const SERVICE_EXPOSE_RULES: readonly ServiceRule[] = [
  {
    id: 'nim-service/two-ingresses',
    enforcer: Enforcer.API_SERVER,
    source: SERVICE_CRD,
    cel: ['NIMService spec 4b0fecdb', 'NIMPipeline spec.services[].spec 4b0fecdb'],
    *check(spec) {
      const ingress = spec.at('expose', 'ingress', 'enabled');
      if (ingress.isTrue && spec.at('expose', 'router').has('ingress')) {
        yield refused(ingress, 'false beside router.ingress', 'leave expose.ingress out, which is deprecated');
      }
    },
  },
  {
    id: 'nim-service/ingress-and-gateway',
    enforcer: Enforcer.API_SERVER,
    source: SERVICE_CRD,
    cel: ['NIMService spec.expose.router 8f0720bf'],
    *check(spec) {
      const router = spec.at('expose', 'router');
      const found = router.among('ingress', 'gateway');
      if (found.length === 2) {
        yield refused(router, 'one of ingress and gateway', 'leave one of them out', found);
      }
    },
  },
  {
    id: 'nim-service/two-picker-configs',
    enforcer: Enforcer.API_SERVER,
    source: SERVICE_CRD,
    cel: ['NIMService spec.expose.router.eppConfig 058299d1'],
    *check(spec) {
      const picker = spec.at('expose', 'router', 'eppConfig');
      const found = picker.among('configMapRef', 'config');
      if (found.length === 2) {
        yield refused(picker, 'one of configMapRef and config', 'leave one of them out', found);
      }
    },
  },
  {
    id: 'nim-service/no-picker-config',
    enforcer: Enforcer.NOBODY,
    source: `${OPERATOR} internal/controller: the volume of the endpoint picker is nil without a configuration`,
    *check(spec) {
      const picker = spec.at('expose', 'router', 'eppConfig');
      const found = picker.among('configMapRef', 'config');
      if (picker.given && found.length === 0) {
        yield refused(
          picker,
          'one of configMapRef and config',
          "write configMapRef: { name: 'epp', key: 'config.yaml' }",
          found,
        );
      }
    },
  },
  {
    id: 'nim-service/backend-port',
    enforcer: Enforcer.API_SERVER,
    source: SERVICE_CRD,
    cel: ['NIMService spec.expose.router.gateway.backendRef 089ed26a'],
    *check(spec) {
      const backend = spec.at('expose', 'router', 'gateway', 'backendRef');
      const [group, kind] = [backend.at('group').value ?? '', backend.at('kind').value ?? 'Service'];
      if (backend.given && group === '' && kind === 'Service' && !backend.has('port')) {
        yield refused(backend.at('port'), 'a port where the backend is a Service', 'write port: 8000');
      }
    },
  },
  {
    id: 'nim-service/host-domain',
    enforcer: Enforcer.WEBHOOK,
    source: `${SERVICE_WEBHOOK} validateRouterConfiguration`,
    *check(spec) {
      const router = spec.at('expose', 'router');
      const host = router.at('hostDomainName');
      if (router.among('ingress', 'gateway').length > 0 && (!host.given || host.value === '')) {
        yield refused(
          host,
          'a domain with router.ingress or router.gateway',
          "write hostDomainName: 'models.example.com'",
        );
      }
    },
  },
  {
    id: 'nim-service/grpc-port',
    enforcer: Enforcer.WEBHOOK,
    source: `${SERVICE_WEBHOOK} validateExposeRouterConfiguration`,
    *check(spec) {
      const port = spec.at('expose', 'service', 'grpcPort');
      if (spec.at('expose', 'router', 'gateway', 'grpcRoutesEnabled').isTrue && !port.given) {
        yield refused(port, 'a port with gateway.grpcRoutesEnabled', 'write grpcPort: 8001');
      }
    },
  },
  {
    id: 'nim-service/needs-gateway-api',
    enforcer: Enforcer.NOBODY,
    source: `${OPERATOR} internal/controller: "no matches for kind HTTPRoute" fails the whole service`,
    *check(spec) {
      const gateway = spec.at('expose', 'router', 'gateway');
      if (gateway.given) {
        yield refused(
          gateway,
          'none, unless the CRDs of the Gateway API are in the cluster',
          'use router.ingress, or install the CRDs before the operator and acknowledge this rule',
          gateway.at('name').value,
        );
      }
    },
  },
];
