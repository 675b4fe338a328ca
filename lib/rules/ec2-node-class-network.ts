import { EC2_CRD, EC2_NODE_CLASS, Enforcer, type Rule, refused } from './rule';

const base = { kinds: [EC2_NODE_CLASS], enforcer: Enforcer.API_SERVER, source: EC2_CRD };
const TIMEOUTS = ['tcpEstablishedTimeout', 'udpStreamTimeout', 'udpTimeout'];

/** Rules of network interfaces, placement and connections. */
export const EC2_NODE_CLASS_NETWORK_RULES: readonly Rule[] = [
  {
    ...base,
    id: 'ec2-node-class/primary-interface',
    cel: ['EC2NodeClass spec.networkInterfaces eaefa347'],
    *check(object) {
      const interfaces = object.at('spec', 'networkInterfaces');
      const primary = interfaces.items.some(
        (each) =>
          each.at('deviceIndex').value === 0 &&
          each.at('networkCardIndex').value === 0 &&
          each.at('interfaceType').value === 'interface',
      );
      if (interfaces.items.length > 0 && !primary) {
        yield refused(
          interfaces,
          'card 0, device 0 of type interface among them',
          "add { networkCardIndex: 0, deviceIndex: 0, interfaceType: 'interface' }",
        );
      }
    },
  },
  {
    ...base,
    id: 'ec2-node-class/interface-twice',
    cel: ['EC2NodeClass spec.networkInterfaces af4a3007'],
    *check(object) {
      const places = new Set<string>();
      const efaCards = new Set<unknown>();
      for (const each of object.at('spec', 'networkInterfaces').items) {
        const card = each.at('networkCardIndex').value;
        const place = `card ${card}, device ${each.at('deviceIndex').value}`;
        const efa = each.at('interfaceType').value === 'efa-only';
        if (places.has(place)) {
          yield refused(each, 'a card and device that are there once', 'leave one of them out', place);
        } else if (efa && efaCards.has(card)) {
          yield refused(each, 'one efa-only interface a card', 'leave one of them out', place);
        }
        places.add(place);
        if (efa) {
          efaCards.add(card);
        }
      }
    },
  },
  {
    ...base,
    id: 'ec2-node-class/placement-group',
    cel: ['EC2NodeClass spec.placementGroupSelector 5d8111df', 'EC2NodeClass spec.placementGroupSelector c06758db'],
    *check(object) {
      const selector = object.at('spec', 'placementGroupSelector');
      const found = selector.among('name', 'id');
      if (selector.given && found.length !== 1) {
        yield refused(selector, 'exactly one of name and id', "write name: 'my-group'", found);
      }
    },
  },
  {
    ...base,
    id: 'ec2-node-class/no-timeout',
    cel: ['EC2NodeClass spec.connectionTracking a51434d8'],
    *check(object) {
      const tracking = object.at('spec', 'connectionTracking');
      if (tracking.given && tracking.among(...TIMEOUTS).length === 0) {
        yield refused(tracking, `one of ${TIMEOUTS.join(', ')} or more`, 'leave connectionTracking out');
      }
    },
  },
];
