import type { Part } from './part';
import { Enforcer, refused, SERVICE_CRD, SERVICE_WEBHOOK } from './rule';
import type { ServiceRule } from './service-rule';

const claims = (spec: Part) => spec.at('draResources').items;
const devices = (spec: Part) => claims(spec).flatMap((claim) => claim.at('claimCreationSpec', 'devices').items);
const WAYS = ['resourceClaimName', 'resourceClaimTemplateName', 'claimCreationSpec'];
const VALUES = ['boolValue', 'intValue', 'stringValue', 'versionValue'];

/** github.com/blang/semver, which the webhook parses versions with: no leading zeros, no "v". */
const SEMVER =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-((0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?$/;

/** Rules of `draResources`. */
export const SERVICE_DEVICE_RULES: readonly ServiceRule[] = [
  {
    id: 'nim-service/one-claim',
    enforcer: Enforcer.API_SERVER,
    source: SERVICE_CRD,
    cel: ['NIMService spec.draResources[] 52adeba4'],
    *check(spec) {
      for (const claim of claims(spec)) {
        const found = claim.among(...WAYS);
        if (found.length !== 1) {
          yield refused(claim, `exactly one of ${WAYS.join(', ')}`, 'keep one of them', found);
        }
      }
    },
  },
  {
    id: 'nim-service/device-conditions',
    enforcer: Enforcer.API_SERVER,
    source: SERVICE_CRD,
    cel: ['NIMService spec.draResources[].claimCreationSpec.devices[] 736abeda'],
    *check(spec) {
      for (const device of devices(spec)) {
        const beside = device.among('attributeSelectors', 'capacitySelectors');
        if (device.has('celExpressions') && beside.length > 0) {
          yield refused(device, 'celExpressions alone', 'say all conditions one way', ['celExpressions', ...beside]);
        }
      }
    },
  },
  {
    id: 'nim-service/shared-claim',
    enforcer: Enforcer.WEBHOOK,
    source: `${SERVICE_WEBHOOK} validateDRAResourcesConfiguration`,
    *check(spec) {
      const many = (spec.at('replicas').number ?? 0) > 1 || spec.at('scale', 'enabled').isTrue;
      for (const name of claims(spec).map((claim) => claim.at('resourceClaimName'))) {
        if (many && name.given) {
          yield refused(
            name,
            'none with more than one replica or with scale.enabled',
            'write resourceClaimTemplateName',
          );
        }
      }
    },
  },
  {
    id: 'nim-service/claim-twice',
    enforcer: Enforcer.WEBHOOK,
    source: `${SERVICE_WEBHOOK} validateDRAResourcesConfiguration`,
    *check(spec) {
      yield* twice(
        claims(spec).map((claim) => claim.at('resourceClaimName')),
        (name) => name,
      );
    },
  },
  {
    id: 'nim-service/no-devices',
    enforcer: Enforcer.WEBHOOK,
    source: `${SERVICE_WEBHOOK} validateDRAClaimCreationSpec`,
    *check(spec) {
      for (const list of claims(spec).map((claim) => claim.at('claimCreationSpec', 'devices'))) {
        if (list.isEmpty) {
          yield refused(list, 'one device or more', "write devices: [{ name: 'gpu', count: 1 }]");
        }
      }
    },
  },
  {
    id: 'nim-service/device-fields',
    enforcer: Enforcer.WEBHOOK,
    source: `${SERVICE_WEBHOOK} validateDRADeviceSpec`,
    *check(spec) {
      for (const device of devices(spec)) {
        const count = device.at('count');
        if ((count.number ?? 1) <= 0) {
          yield refused(count, 'a whole number of 1 or more', 'write count: 1');
        }
        const deviceClass = device.at('deviceClassName');
        if (deviceClass.value === '') {
          yield refused(deviceClass, 'the name of a DeviceClass', "write deviceClassName: 'gpu.nvidia.com'");
        }
      }
    },
  },
  {
    id: 'nim-service/condition-twice',
    enforcer: Enforcer.WEBHOOK,
    source: `${SERVICE_WEBHOOK} validateDRADeviceSpec`,
    *check(spec) {
      for (const device of devices(spec)) {
        const driver = device.at('driverName').text ?? 'gpu.nvidia.com';
        const qualified = (key: string) => (key.includes('/') ? key : `${driver}/${key}`);
        const conditions = [...device.at('attributeSelectors').items, ...device.at('capacitySelectors').items];
        yield* twice(
          conditions.map((condition) => condition.at('key')),
          qualified,
        );
      }
    },
  },
  {
    id: 'nim-service/condition-value',
    enforcer: Enforcer.WEBHOOK,
    source: `${SERVICE_WEBHOOK} validateDRADeviceAttributeSelectorValue`,
    *check(spec) {
      for (const value of devices(spec)
        .flatMap((device) => device.at('attributeSelectors').items)
        .map((each) => each.at('value'))) {
        const found = value.among(...VALUES);
        const version = value.at('versionValue');
        if (found.length !== 1) {
          yield refused(
            value,
            `exactly one of ${VALUES.join(', ')}`,
            "write value: { stringValue: 'H100' }, say",
            found,
          );
        } else if (version.text !== undefined && !SEMVER.test(version.text)) {
          yield refused(version, 'a semantic version with three numbers', "write versionValue: '1.0.0'");
        }
      }
    },
  },
];

function* twice(names: readonly Part[], qualified: (name: string) => string) {
  const seen = new Set<string>();
  for (const name of names) {
    const key = name.text && qualified(name.text);
    if (key && seen.has(key)) {
      yield refused(name, 'a name that is there once', 'leave one of them out');
    }
    seen.add(key ?? '');
  }
}
