import { type Changes, casesOf, type RuleCase } from './case';
import { VALID } from './objects';

const nodeClass = casesOf(VALID.ec2NodeClass);
const SPEC = 'EC2NodeClass spec';
const EBS = 'spec.blockDeviceMappings[0].ebs';
const TAGS = { 'karpenter.sh/discovery': 'test' };
const PRIMARY = { networkCardIndex: 0, deviceIndex: 0, interfaceType: 'interface' };
const SG = { id: 'sg-1', tags: TAGS };
const volume = (ebs: object): Changes => ({ [EBS]: { volumeSize: '100Gi', ...ebs } });

const BOTTLEROCKET = { 'spec.amiSelectorTerms': [{ alias: 'bottlerocket@1.44.0' }] };
const DISK = { deviceName: '/dev/xvda', ebs: { volumeSize: '500Gi' } };
const roomFor = (device: string) =>
  `allowed is 60Gi or more of ${device} (20Gi by default), where nodes of pool l4 unpack NIM images; write instanceStorePolicy: 'RAID0' for the local disks of GPU types, or { deviceName: '${device}', ebs: { volumeSize: '200Gi' } }`;

/** Terms, disks, network. */
export const EC2_NODE_CLASS_PART_CASES: readonly RuleCase[] = [
  nodeClass(
    'ec2-node-class/empty-subnet-term',
    { 'spec.subnetSelectorTerms': [{}] },
    "spec.subnetSelectorTerms[0] is {}, allowed is one of tags, id; write { tags: { 'karpenter.sh/discovery': 'my-cluster' } }",
    {
      passing: { 'spec.subnetSelectorTerms': [{ id: 'subnet-1' }, { tags: TAGS }] },
    },
  ),
  nodeClass(
    'ec2-node-class/mixed-subnet-terms',
    { 'spec.subnetSelectorTerms': [{ id: 'subnet-1', tags: TAGS }] },
    'spec.subnetSelectorTerms is ["id","tags"], allowed is id alone in a term; leave the others out',
    {
      cel: `${SPEC}.subnetSelectorTerms 7987af8a`,
      passing: { 'spec.subnetSelectorTerms': [{ id: 'subnet-1' }] },
    },
  ),
  nodeClass(
    'ec2-node-class/empty-security-group-term',
    { 'spec.securityGroupSelectorTerms': [{}] },
    "spec.securityGroupSelectorTerms[0] is {}, allowed is one of tags, id, name; write { tags: { 'karpenter.sh/discovery': 'my-cluster' } }",
    {
      passing: { 'spec.securityGroupSelectorTerms': [{ id: 'sg-1' }, { tags: TAGS }] },
    },
  ),
  nodeClass(
    'ec2-node-class/mixed-security-group-terms',
    { 'spec.securityGroupSelectorTerms': [SG] },
    'spec.securityGroupSelectorTerms is ["id","tags"], allowed is id alone in a term; leave the others out',
    {
      cel: `${SPEC}.securityGroupSelectorTerms 97c305fc`,
      passing: { 'spec.securityGroupSelectorTerms': [{ id: 'sg-1' }] },
    },
  ),
  nodeClass(
    'ec2-node-class/mixed-security-group-terms',
    { 'spec.securityGroupSelectorTerms': [{ name: 'a', tags: TAGS }] },
    'spec.securityGroupSelectorTerms is ["name","tags"], allowed is name alone in a term; leave the others out',
    {
      what: 'by name',
      cel: `${SPEC}.securityGroupSelectorTerms bf2d46a2`,
      passing: { 'spec.securityGroupSelectorTerms': [{ name: 'a' }, { tags: TAGS }] },
    },
  ),
  nodeClass(
    'ec2-node-class/empty-reservation-term',
    { 'spec.capacityReservationSelectorTerms': [{}] },
    "spec.capacityReservationSelectorTerms[0] is {}, allowed is one of tags, id, instanceMatchCriteria; write { id: 'cr-0123456789abcdef0' }",
    {
      passing: { 'spec.capacityReservationSelectorTerms': [{ id: 'cr-1' }, { tags: TAGS }] },
    },
  ),
  nodeClass(
    'ec2-node-class/mixed-reservation-terms',
    { 'spec.capacityReservationSelectorTerms': [{ id: 'cr-1', ownerID: '111122223333' }] },
    'spec.capacityReservationSelectorTerms is ["id","ownerID"], allowed is id alone in a term; leave the others out',
    {
      cel: `${SPEC}.capacityReservationSelectorTerms 5615f3b7`,
      passing: { 'spec.capacityReservationSelectorTerms': [{ id: 'cr-1' }] },
    },
  ),
  nodeClass(
    'ec2-node-class/ignored-term-fields',
    { 'spec.securityGroupSelectorTerms': [SG, { id: 'sg-2' }] },
    'spec.securityGroupSelectorTerms[0] is ["id","tags"], allowed is id alone, as the rest is ignored; leave the others out',
  ),
  nodeClass(
    'ec2-node-class/no-terms',
    { 'spec.subnetSelectorTerms': [] },
    "spec.subnetSelectorTerms is [], allowed is one term or more; write [{ tags: { 'karpenter.sh/discovery': 'my-cluster' } }]",
    {
      what: 'subnets',
      cel: `${SPEC}.subnetSelectorTerms 640ba693`,
    },
  ),
  nodeClass(
    'ec2-node-class/no-terms',
    { 'spec.securityGroupSelectorTerms': [] },
    "spec.securityGroupSelectorTerms is [], allowed is one term or more; write [{ tags: { 'karpenter.sh/discovery': 'my-cluster' } }]",
    {
      what: 'security groups',
      cel: `${SPEC}.securityGroupSelectorTerms 640ba693`,
    },
  ),
  nodeClass(
    'ec2-node-class/no-terms',
    { 'spec.capacityReservationSelectorTerms': [] },
    "spec.capacityReservationSelectorTerms is [], allowed is one term or more; write [{ id: 'cr-0123456789abcdef0' }]",
    {
      what: 'reservations',
      cel: `${SPEC}.capacityReservationSelectorTerms 5615f3b7`,
    },
  ),
  ...['amiSelectorTerms', 'subnetSelectorTerms', 'securityGroupSelectorTerms', 'capacityReservationSelectorTerms'].map(
    (field) => {
      const family = field === 'amiSelectorTerms' ? { 'spec.amiFamily': 'AL2023' } : {};
      return nodeClass(
        'ec2-node-class/empty-tag',
        { ...family, [`spec.${field}`]: [{ tags: { team: '' } }] },
        `spec.${field}[0].tags is {"team":""}, allowed is keys and values that are not empty; write '*' for any value`,
        {
          what: field,
          cel: `${SPEC}.${field}[].tags 67e37bc5`,
          passing: { ...family, [`spec.${field}`]: [{ tags: { team: '*' } }] },
        },
      );
    },
  ),
  nodeClass(
    'ec2-node-class/one-root-volume',
    { 'spec.blockDeviceMappings[1]': { deviceName: '/dev/xvdb', rootVolume: true, ebs: { volumeSize: '1Gi' } } },
    'spec.blockDeviceMappings is ["/dev/xvda","/dev/xvdb"], allowed is one disk with rootVolume: true; keep one of them',
    {
      passing: {
        'spec.blockDeviceMappings[1]': { deviceName: '/dev/xvdb', rootVolume: false, ebs: { volumeSize: '1Gi' } },
      },
    },
  ),
  nodeClass(
    'ec2-node-class/volume-size',
    { [EBS]: { volumeType: 'gp3' } },
    "spec.blockDeviceMappings[0].ebs.volumeSize is not given, allowed is a size, or a snapshotID; write volumeSize: '200Gi'",
    {
      passing: { [EBS]: { snapshotID: 'snap-1' } },
    },
  ),
  nodeClass(
    'ec2-node-class/initialization-rate',
    volume({ volumeInitializationRate: 200 }),
    'spec.blockDeviceMappings[0].ebs.volumeInitializationRate is 200, allowed is none without a snapshotID; leave it out',
    {
      passing: volume({ volumeInitializationRate: 200, snapshotID: 'snap-1' }),
    },
  ),
  nodeClass(
    'ec2-node-class/gp3-iops',
    volume({ volumeType: 'gp3', iops: 20000 }),
    'spec.blockDeviceMappings[0].ebs.iops is 20000, allowed is 3000 to 16000 for gp3; write iops: 6000, or leave it out for 3000',
    {
      passing: volume({ volumeType: 'gp3', iops: 16000 }),
    },
  ),
  nodeClass(
    'ec2-node-class/gp3-throughput',
    volume({ volumeType: 'gp3', throughput: 1000 }),
    'spec.blockDeviceMappings[0].ebs.throughput is 1000, allowed is 125 to 750 MiB/s with 3000 IOPS; raise iops to 4 times of it',
    {
      passing: volume({ volumeType: 'gp3', throughput: 1000, iops: 4000 }),
    },
  ),
  nodeClass(
    'ec2-node-class/throughput-of-gp3-alone',
    volume({ volumeType: 'gp2', throughput: 250 }),
    "spec.blockDeviceMappings[0].ebs.throughput is 250, allowed is none for gp2; write volumeType: 'gp3'",
    {
      what: 'throughput',
    },
  ),
  nodeClass(
    'ec2-node-class/throughput-of-gp3-alone',
    volume({ volumeType: 'gp2', iops: 3000 }),
    "spec.blockDeviceMappings[0].ebs.iops is 3000, allowed is none for gp2; write volumeType: 'gp3'",
    { what: 'IOPS' },
  ),
  nodeClass(
    'ec2-node-class/iops-of-io',
    volume({ volumeType: 'io2' }),
    "spec.blockDeviceMappings[0].ebs.iops is not given, allowed is a number for io1 and io2; write iops, or volumeType: 'gp3'",
    {
      passing: volume({ volumeType: 'io2', iops: 10000 }),
    },
  ),
  nodeClass(
    'ec2-node-class/primary-interface',
    { 'spec.networkInterfaces': [{ ...PRIMARY, interfaceType: 'efa-only' }] },
    `spec.networkInterfaces is [{"deviceIndex":0,"interfaceType":"efa-only","networkCardIndex":0}], allowed is card 0, device 0 of type interface among them; add { networkCardIndex: 0, deviceIndex: 0, interfaceType: 'interface' }`,
    {
      passing: { 'spec.networkInterfaces': [PRIMARY] },
    },
  ),
  nodeClass(
    'ec2-node-class/interface-twice',
    { 'spec.networkInterfaces': [PRIMARY, { ...PRIMARY, interfaceType: 'efa-only' }] },
    'spec.networkInterfaces[1] is "card 0, device 0", allowed is a card and device that are there once; leave one of them out',
    {
      what: 'one place',
      passing: {
        'spec.networkInterfaces': [PRIMARY, { networkCardIndex: 0, deviceIndex: 1, interfaceType: 'efa-only' }],
      },
    },
  ),
  nodeClass(
    'ec2-node-class/interface-twice',
    {
      'spec.networkInterfaces': [
        PRIMARY,
        ...[1, 2].map((deviceIndex) => ({ networkCardIndex: 0, deviceIndex, interfaceType: 'efa-only' })),
      ],
    },
    'spec.networkInterfaces[2] is "card 0, device 2", allowed is one efa-only interface a card; leave one of them out',
    { what: 'two EFA devices of one card' },
  ),
  nodeClass(
    'ec2-node-class/placement-group',
    { 'spec.placementGroupSelector': { name: 'a', id: 'pg-1' } },
    `spec.placementGroupSelector is ["name","id"], allowed is exactly one of name and id; write name: 'my-group'`,
    {
      what: 'both',
      cel: `${SPEC}.placementGroupSelector c06758db`,
      passing: { 'spec.placementGroupSelector': { name: 'a' } },
    },
  ),
  nodeClass(
    'ec2-node-class/placement-group',
    { 'spec.placementGroupSelector': {} },
    "spec.placementGroupSelector is [], allowed is exactly one of name and id; write name: 'my-group'",
    {
      what: 'neither',
      cel: `${SPEC}.placementGroupSelector 5d8111df`,
    },
  ),
  nodeClass(
    'ec2-node-class/no-timeout',
    { 'spec.connectionTracking': {} },
    'spec.connectionTracking is {}, allowed is one of tcpEstablishedTimeout, udpStreamTimeout, udpTimeout or more; leave connectionTracking out',
    {
      passing: { 'spec.connectionTracking': { udpTimeout: 30 } },
    },
  ),
  nodeClass(
    'ec2-node-class/disk-for-images',
    { 'spec.blockDeviceMappings': undefined },
    `spec.blockDeviceMappings is not given, ${roomFor('/dev/xvda')}`,
    {
      what: 'by default',
      beside: [VALID.nodePool],
      passing: { 'spec.blockDeviceMappings': undefined, 'spec.instanceStorePolicy': 'RAID0' },
    },
  ),
  nodeClass(
    'ec2-node-class/disk-for-images',
    { [`${EBS}.volumeSize`]: '50Gi' },
    `spec.blockDeviceMappings[0].ebs.volumeSize is "50Gi", ${roomFor('/dev/xvda')}`,
    { what: 'too small', beside: [VALID.nodePool], passing: { [`${EBS}.volumeSize`]: '60Gi' } },
  ),
  nodeClass(
    'ec2-node-class/disk-for-images',
    { ...BOTTLEROCKET, 'spec.blockDeviceMappings': [DISK] },
    `spec.blockDeviceMappings is [{"deviceName":"/dev/xvda","ebs":{"volumeSize":"500Gi"}}], ${roomFor('/dev/xvdb')}`,
    {
      what: 'another disk of Bottlerocket',
      beside: [VALID.nodePool],
      passing: { ...BOTTLEROCKET, 'spec.blockDeviceMappings': [DISK, { ...DISK, deviceName: '/dev/xvdb' }] },
    },
  ),
  nodeClass(
    'ec2-node-class/disk-for-images',
    { 'spec.blockDeviceMappings': [] },
    `spec.blockDeviceMappings is [], ${roomFor('/dev/xvda')}`,
    {
      what: 'of the class of a pool alone',
      beside: [VALID.nodePool],
      passing: { 'spec.blockDeviceMappings': [], 'metadata.name': 'cpu' },
    },
  ),
];
