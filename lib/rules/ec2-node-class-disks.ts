import type { Part } from './part';
import { EC2_CRD, EC2_NODE_CLASS, Enforcer, type Rule, refused } from './rule';

const kinds = [EC2_NODE_CLASS];
const CREATE_VOLUME = 'Amazon EC2 API reference, CreateVolume';
const RAISED = 'gp3 goes further in some regions since 2025; the instance type caps it again';

const volumes = (object: Part) => object.at('spec', 'blockDeviceMappings').items.map((mapping) => mapping.at('ebs'));
const isGp3 = (ebs: Part) => ebs.at('volumeType').text === 'gp3';

/** Rules of disks. */
export const EC2_NODE_CLASS_DISK_RULES: readonly Rule[] = [
  {
    id: 'ec2-node-class/one-root-volume',
    kinds,
    enforcer: Enforcer.API_SERVER,
    source: EC2_CRD,
    cel: ['EC2NodeClass spec.blockDeviceMappings 86eff2ba'],
    *check(object) {
      const mappings = object.at('spec', 'blockDeviceMappings');
      const roots = mappings.items.filter((mapping) => mapping.at('rootVolume').isTrue);
      if (roots.length > 1) {
        const names = roots.map((root) => root.at('deviceName').value ?? root.path);
        yield refused(mappings, 'one disk with rootVolume: true', 'keep one of them', names);
      }
    },
  },
  {
    id: 'ec2-node-class/volume-size',
    kinds,
    enforcer: Enforcer.API_SERVER,
    source: EC2_CRD,
    cel: ['EC2NodeClass spec.blockDeviceMappings[].ebs ebf7525c'],
    *check(object) {
      for (const ebs of volumes(object)) {
        if (ebs.given && ebs.among('snapshotID', 'volumeSize').length === 0) {
          yield refused(ebs.at('volumeSize'), 'a size, or a snapshotID', "write volumeSize: '200Gi'");
        }
      }
    },
  },
  {
    id: 'ec2-node-class/initialization-rate',
    kinds,
    enforcer: Enforcer.API_SERVER,
    source: EC2_CRD,
    cel: ['EC2NodeClass spec.blockDeviceMappings[].ebs ed2ac0da'],
    *check(object) {
      for (const ebs of volumes(object)) {
        const rate = ebs.at('volumeInitializationRate');
        if (rate.given && (ebs.at('snapshotID').value ?? '') === '') {
          yield refused(rate, 'none without a snapshotID', 'leave it out');
        }
      }
    },
  },
  {
    id: 'ec2-node-class/gp3-iops',
    kinds,
    enforcer: Enforcer.NOBODY,
    source: `${CREATE_VOLUME}, Iops (${RAISED})`,
    *check(object) {
      for (const iops of volumes(object)
        .filter(isGp3)
        .map((ebs) => ebs.at('iops'))) {
        if (iops.number !== undefined && (iops.number < 3000 || iops.number > 16000)) {
          yield refused(iops, '3000 to 16000 for gp3', 'write iops: 6000, or leave it out for 3000');
        }
      }
    },
  },
  {
    id: 'ec2-node-class/gp3-throughput',
    kinds,
    enforcer: Enforcer.NOBODY,
    source: `${CREATE_VOLUME}, Throughput: at most a quarter of the IOPS (${RAISED})`,
    *check(object) {
      for (const ebs of volumes(object).filter(isGp3)) {
        const [throughput, iops] = [ebs.at('throughput'), ebs.at('iops')];
        const most = Math.min(1000, Math.floor((iops.number ?? (iops.given ? 16000 : 3000)) / 4));
        if (throughput.number !== undefined && (throughput.number < 125 || throughput.number > most)) {
          yield refused(
            throughput,
            `125 to ${most} MiB/s with ${iops.number ?? 3000} IOPS`,
            'raise iops to 4 times of it',
          );
        }
      }
    },
  },
  {
    id: 'ec2-node-class/throughput-of-gp3-alone',
    kinds,
    enforcer: Enforcer.NOBODY,
    source: `${CREATE_VOLUME}, Throughput and Iops`,
    *check(object) {
      for (const ebs of volumes(object)) {
        const type = ebs.at('volumeType').text;
        const [throughput, iops] = [ebs.at('throughput'), ebs.at('iops')];
        if (type && type !== 'gp3' && throughput.given) {
          yield refused(throughput, `none for ${type}`, "write volumeType: 'gp3'");
        }
        if (type && ['gp2', 'st1', 'sc1', 'standard'].includes(type) && iops.given) {
          yield refused(iops, `none for ${type}`, "write volumeType: 'gp3'");
        }
      }
    },
  },
  {
    id: 'ec2-node-class/iops-of-io',
    kinds,
    enforcer: Enforcer.NOBODY,
    source: `${CREATE_VOLUME}, Iops: required for io1 and io2`,
    *check(object) {
      for (const ebs of volumes(object)) {
        const iops = ebs.at('iops');
        if (/^io[12]$/.test(ebs.at('volumeType').text ?? '') && !iops.given) {
          yield refused(iops, 'a number for io1 and io2', "write iops, or volumeType: 'gp3'");
        }
      }
    },
  },
];
