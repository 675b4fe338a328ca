import type { Part } from './part';
import { EC2_CRD, EC2_NODE_CLASS, Enforcer, type Rule, refused } from './rule';

const kinds = [EC2_NODE_CLASS];
const OUTGROWN = 'a later Karpenter may know more families';

/** Family of an alias, the `amiFamily` it goes with, and the CEL rule that says so. */
const FAMILIES: readonly [alias: string, family: string, cel: string][] = [
  ['al2', 'AL2', '5b05d40e'],
  ['al2023', 'AL2023', '6834c85d'],
  ['bottlerocket', 'Bottlerocket', 'c44baa12'],
  ['windows2019', 'Windows2019', '38a01e23'],
  ['windows2022', 'Windows2022', '7ebdc823'],
  ['windows2025', 'Windows2025', '80d0d919'],
];

const terms = (object: Part) => object.at('spec', 'amiSelectorTerms').items;
const aliases = (object: Part) => terms(object).map((term) => term.at('alias'));
const familyOf = (alias: Part) => alias.text?.split('@')[0];

/** The family that user data is written for, where the manifest says it. */
export function amiFamily(object: Part): string | undefined {
  const alias = aliases(object)
    .map(familyOf)
    .find((name) => name);
  return object.at('spec', 'amiFamily').text ?? FAMILIES.find(([name]) => name === alias)?.[1];
}

/** Rules of the machine image and of what it runs at its start. */
export const EC2_NODE_CLASS_AMI_RULES: readonly Rule[] = [
  {
    id: 'ec2-node-class/ami-family',
    kinds,
    enforcer: Enforcer.API_SERVER,
    source: EC2_CRD,
    cel: FAMILIES.map(([, , hash]) => `EC2NodeClass spec ${hash}`),
    *check(object) {
      const given = object.at('spec', 'amiFamily');
      for (const [alias, family] of FAMILIES) {
        const used = aliases(object).some((each) => familyOf(each) === alias);
        if (given.given && used && given.value !== family && given.value !== 'Custom') {
          yield refused(given, `${family} or Custom with alias ${alias}`, 'leave it out');
        }
      }
    },
  },
  {
    id: 'ec2-node-class/no-ami-family',
    kinds,
    enforcer: Enforcer.API_SERVER,
    source: EC2_CRD,
    cel: ['EC2NodeClass spec 182be956'],
    *check(object) {
      const family = object.at('spec', 'amiFamily');
      if (object.at('spec').has('amiSelectorTerms') && !family.given && !aliases(object).some((alias) => alias.given)) {
        yield refused(family, 'a family where no term has an alias', "write amiFamily: 'AL2023'");
      }
    },
  },
  {
    id: 'ec2-node-class/empty-ami-term',
    kinds,
    enforcer: Enforcer.API_SERVER,
    source: EC2_CRD,
    cel: ['EC2NodeClass spec.amiSelectorTerms 10128c39'],
    *check(object) {
      for (const term of terms(object)) {
        if (term.among('tags', 'id', 'name', 'alias', 'ssmParameter').length === 0) {
          yield refused(term, 'alias, id, name, tags or ssmParameter', "write alias: 'al2023@v20260714'");
        }
      }
    },
  },
  {
    id: 'ec2-node-class/ami-id-alone',
    kinds,
    enforcer: Enforcer.API_SERVER,
    source: EC2_CRD,
    cel: ['EC2NodeClass spec.amiSelectorTerms d9336651'],
    *check(object) {
      for (const term of terms(object)) {
        const beside = term.among('tags', 'name', 'owner');
        if (term.has('id') && beside.length > 0) {
          yield refused(term, 'id alone', 'leave the others out', ['id', ...beside]);
        }
      }
    },
  },
  {
    id: 'ec2-node-class/ami-alias-alone',
    kinds,
    enforcer: Enforcer.API_SERVER,
    source: EC2_CRD,
    // An id beside an alias breaks the rule of ids as well: one message for both.
    cel: ['EC2NodeClass spec.amiSelectorTerms ca1070cc', 'EC2NodeClass spec.amiSelectorTerms f4a3d781'],
    *check(object) {
      const all = terms(object);
      for (const term of all) {
        const beside = term.among('id', 'tags', 'name', 'owner');
        if (term.has('alias') && beside.length > 0) {
          yield refused(term, 'alias alone', 'leave the others out', ['alias', ...beside]);
        }
      }
      if (all.length > 1 && all.some((term) => term.has('alias'))) {
        yield refused(object.at('spec', 'amiSelectorTerms'), 'one term where a term has an alias', 'keep that term');
      }
    },
  },
  {
    id: 'ec2-node-class/alias-form',
    kinds,
    enforcer: Enforcer.API_SERVER,
    source: EC2_CRD,
    cel: ['EC2NodeClass spec.amiSelectorTerms[].alias df2d9476', 'EC2NodeClass spec.amiSelectorTerms[].alias 43e13ab6'],
    outgrown: OUTGROWN,
    *check(object) {
      for (const alias of aliases(object)) {
        const known = FAMILIES.some(([name]) => name === familyOf(alias));
        if (alias.text !== undefined && (!known || !/^[a-zA-Z0-9]+@.+$/.test(alias.text))) {
          const families = FAMILIES.map(([name]) => name).join(', ');
          yield refused(alias, `family@version, with family one of ${families}`, "write 'al2023@v20260714'");
        }
      }
    },
  },
  {
    id: 'ec2-node-class/windows-version',
    kinds,
    enforcer: Enforcer.API_SERVER,
    source: EC2_CRD,
    cel: ['EC2NodeClass spec.amiSelectorTerms[].alias c37d2166'],
    *check(object) {
      for (const alias of aliases(object)) {
        const [family, version] = alias.text?.split('@') ?? [];
        if (/^windows20(19|22|25)$/.test(family ?? '') && version && version !== 'latest') {
          yield refused(alias, 'latest as the version of a Windows family', `write '${family}@latest'`);
        }
      }
    },
  },
  {
    id: 'ec2-node-class/al2-ended',
    kinds,
    enforcer: Enforcer.NOBODY,
    source: 'EKS user guide, Amazon Linux 2: the last AMIs are of 2025-11-26, and Kubernetes 1.33 and later have none',
    *check(object) {
      for (const alias of aliases(object)) {
        if (familyOf(alias) === 'al2') {
          yield refused(alias, 'a family that still gets images', "write 'al2023@v20260714'");
        }
      }
    },
  },
  {
    id: 'ec2-node-class/custom-without-user-data',
    kinds,
    enforcer: Enforcer.NOBODY,
    source:
      'Karpenter documentation, NodeClasses, spec.amiFamily: Custom adds nothing to the user data, so nothing joins the node',
    *check(object) {
      const userData = object.at('spec', 'userData');
      if (object.at('spec', 'amiFamily').text === 'Custom' && (!userData.given || userData.value === '')) {
        yield refused(
          userData,
          'user data that joins the node, with amiFamily Custom',
          "write it, or amiFamily: 'AL2023'",
        );
      }
    },
  },
  {
    id: 'ec2-node-class/user-data-format',
    kinds,
    enforcer: Enforcer.NOBODY,
    source:
      'Karpenter documentation, NodeClasses, spec.userData: TOML for Bottlerocket, MIME, YAML or a script for AL2023',
    *check(object) {
      const userData = object.at('spec', 'userData');
      const text = userData.text?.trimStart() ?? '';
      const start = text.split('\n', 1)[0];
      const isToml = text.startsWith('[');
      const isScript = /^(#!|MIME-Version:|Content-Type:|apiVersion:|---)/.test(text);
      if (amiFamily(object) === 'Bottlerocket' && isScript) {
        yield refused(userData, 'TOML for Bottlerocket', "write '[settings.kubernetes]' and so on", start);
      }
      if (amiFamily(object) === 'AL2023' && isToml) {
        yield refused(
          userData,
          'a script, MIME or NodeConfig YAML for AL2023',
          'write a NodeConfig of node.eks.aws',
          start,
        );
      }
    },
  },
];
