import { Gpu, GpuInstanceType } from '../catalog';
import type { Part } from './part';
import { amountOf } from './quantity';
import { Enforcer, NODE_POOL, type Rule, refused } from './rule';

const kinds = [NODE_POOL];
const TYPE = 'node.kubernetes.io/instance-type';
const FAMILY = 'karpenter.k8s.aws/instance-family';
const GPU_NAME = 'karpenter.k8s.aws/instance-gpu-name';
const MANUFACTURER = 'karpenter.k8s.aws/instance-gpu-manufacturer';

/** Labels of a type of the catalog, as Karpenter gives them. */
const LABELS: { readonly [key: string]: (type: GpuInstanceType) => string | number } = {
  [TYPE]: (type) => type.typeName,
  [FAMILY]: (type) => type.family,
  [GPU_NAME]: (type) => type.gpu.karpenterName,
  [MANUFACTURER]: () => 'nvidia',
  'karpenter.k8s.aws/instance-size': (type) => type.typeName.slice(type.family.length + 1),
  'karpenter.k8s.aws/instance-gpu-count': (type) => type.gpuCount,
  'karpenter.k8s.aws/instance-gpu-memory': (type) => type.gpu.memoryMib,
  'karpenter.k8s.aws/instance-cpu': (type) => type.vcpus,
  'karpenter.k8s.aws/instance-memory': (type) => type.memoryMib,
};

/** Labels that name types: of each the catalog has all types, but for some sizes of g4dn. */
const NAMING = [FAMILY, GPU_NAME];
const PARTLY_KNOWN = 'g4dn';

const COMPARISONS: { readonly [operator: string]: (value: number, bound: number) => boolean } = {
  Gt: (value, bound) => value > bound,
  Gte: (value, bound) => value >= bound,
  Lt: (value, bound) => value < bound,
  Lte: (value, bound) => value <= bound,
};

const requirements = (pool: Part) => pool.at('spec', 'template', 'spec', 'requirements').items;

/** Values that a requirement on this label allows. */
export function allowedValues(pool: Part, label: string): Part[] {
  return requirements(pool)
    .filter((each) => each.at('key').text === label && each.at('operator').text === 'In')
    .flatMap((each) => each.at('values').items);
}

let all: readonly GpuInstanceType[] | undefined;
let known: { readonly [label: string]: ReadonlySet<unknown> } | undefined;

function catalog(): readonly GpuInstanceType[] {
  all ??= GpuInstanceType.all();
  return all;
}

/** Whether a pool names by this label, and only what the catalog knows. */
function namesKnown(pool: Part, label: string): boolean {
  known ??= Object.fromEntries(
    [TYPE, ...NAMING].map((each) => [each, new Set<unknown>(catalog().map((type) => LABELS[each](type)))]),
  );
  const names = allowedValues(pool, label).map((value) => value.text);
  return names.length > 0 && names.every((name) => known?.[label].has(name));
}

/** Whether every node of a pool has NVIDIA GPUs, as far as its requirements say so. */
export function requiresNvidia(pool: Part): boolean {
  const makers = allowedValues(pool, MANUFACTURER);
  return (
    (makers.length > 0 && makers.every((maker) => maker.text === 'nvidia')) ||
    [TYPE, ...NAMING].some((label) => namesKnown(pool, label))
  );
}

/** A requirement, read once for all types. */
interface Condition {
  readonly label: (type: GpuInstanceType) => string | number;
  readonly operator: string;
  readonly values: readonly string[];
  /** Whether it tells sizes of a family apart. */
  readonly sizes: boolean;
}

/** What cannot be told is left out: it counts as met. */
function conditions(pool: Part): Condition[] {
  return requirements(pool).flatMap((requirement) => {
    const key = requirement.at('key').text ?? '';
    const values = requirement.at('values').items.map((value) => value.text ?? '');
    const certain = LABELS[key] && !values.includes('');
    const sizes = ![TYPE, MANUFACTURER, ...NAMING].includes(key);
    return certain ? [{ label: LABELS[key], operator: requirement.at('operator').text ?? '', values, sizes }] : [];
  });
}

function meets(type: GpuInstanceType, { label, operator, values, sizes }: Condition): boolean {
  const value = label(type);
  if (sizes && type.family === PARTLY_KNOWN) {
    return true;
  }
  if (COMPARISONS[operator]) {
    return values.length !== 1 || COMPARISONS[operator](Number(value), Number(values[0]));
  }
  const isThere = values.includes(String(value));
  return operator === 'In' ? isThere : operator === 'NotIn' ? !isThere : operator !== 'DoesNotExist';
}

/** Types of the catalog that a pool lists, and that its other requirements leave. */
function listedTypes(pool: Part): GpuInstanceType[] {
  const names = new Set(allowedValues(pool, TYPE).map((value) => value.text));
  const all = conditions(pool);
  return catalog().filter((type) => names.has(type.typeName) && all.every((each) => meets(type, each)));
}

/** All types that a pool allows without listing them; none where it may allow some that the catalog lacks. */
function describedTypes(pool: Part): GpuInstanceType[] {
  const lists = allowedValues(pool, TYPE).length > 0;
  if (lists || !NAMING.some((label) => namesKnown(pool, label))) {
    return [];
  }
  const all = conditions(pool);
  return catalog().filter((type) => all.every((each) => meets(type, each)));
}

type Size = readonly [resource: string, of: (type: GpuInstanceType) => number, show: (size: number) => string];

const SIZES: readonly Size[] = [
  ['nvidia.com/gpu', (type) => type.gpuCount, String],
  ['cpu', (type) => type.vcpus, String],
  ['memory', (type) => type.memoryMib * 2 ** 20, (bytes) => `${bytes / 2 ** 30}Gi`],
];

/** The type with the most of it, or with `sign` -1 the least. */
function extreme(types: readonly GpuInstanceType[], of: Size[1], sign: 1 | -1): GpuInstanceType | undefined {
  return types.reduce<GpuInstanceType | undefined>((a, b) => (a && sign * of(a) >= sign * of(b) ? a : b), undefined);
}

/** Rules of the instance types of a NodePool, as far as the catalog knows them. */
export const NODE_POOL_TYPE_RULES: readonly Rule[] = [
  {
    id: 'node-pool/limit-below-a-node',
    kinds,
    enforcer: Enforcer.NOBODY,
    // Seen with Karpenter 1.14.1: "no instance type has enough resources", which does not name the limit.
    source:
      'kubernetes-sigs/karpenter v1.14.1 pkg/controllers/provisioning/scheduling: types beyond the limits are left out',
    *check(object) {
      const limits = object.at('spec', 'limits');
      const limited = SIZES.filter(([resource]) => limits.has(resource));
      if (limited.length === 0) {
        return;
      }
      const [listed, described] = [listedTypes(object), describedTypes(object)];
      for (const [resource, of, show] of limited) {
        const limit = limits.at(resource);
        const most = amountOf(limit.value);
        // Who lists a type wants it; who describes a family may do without its largest.
        const [largest, smallest] = [extreme(listed, of, 1), extreme(described, of, -1)];
        if (most !== undefined && largest && of(largest) > most) {
          yield refused(
            limit,
            `${show(of(largest))} or more, as ${largest.typeName} has that and would never start`,
            `raise it, or leave ${largest.typeName} out of the requirements`,
          );
        } else if (most !== undefined && smallest && of(smallest) > most) {
          yield refused(
            limit,
            `${show(of(smallest))} or more, as ${smallest.typeName} has that, and no type of the requirements has less`,
            'raise it, or allow smaller types',
          );
        }
      }
    },
  },
  {
    id: 'node-pool/gpu-name',
    kinds,
    enforcer: Enforcer.NOBODY,
    source:
      "aws/karpenter-provider-aws v1.14.1 pkg/providers/instancetype/types.go: EC2's names in lower case, spaces as hyphens",
    *check(object) {
      for (const requirement of requirements(object).filter((each) => each.at('key').text === GPU_NAME)) {
        for (const name of requirement.at('values').items) {
          if (name.text && !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name.text)) {
            const same = Gpu.all().find((gpu) =>
              [gpu.label, gpu.productLabel, gpu.nimProduct].includes(name.text ?? ''),
            );
            const meant = same?.karpenterName ?? name.text.toLowerCase().replace(/[^a-z0-9]+/g, '-');
            yield refused(name, "lower case, with '-' between words, as Karpenter writes it", `write '${meant}'`);
          }
        }
      }
    },
  },
  {
    id: 'node-pool/arm-without-gpus',
    kinds,
    enforcer: Enforcer.NOBODY,
    source: 'aws/karpenter-provider-aws v1.14.1 website reference/instance-types: kubernetes.io/arch of these types',
    *check(object) {
      const names = allowedValues(object, 'kubernetes.io/arch').map((value) => value.text);
      if (names.length === 0 || names.some((name) => name !== 'arm64')) {
        return;
      }
      const types = [...listedTypes(object), ...describedTypes(object)];
      const arch = requirements(object).find((each) => each.at('key').text === 'kubernetes.io/arch');
      // Grace Blackwell is arm64, and its GPUs may go by the name of the B200.
      if (arch && types.length > 0 && types.every((type) => type.gpu !== Gpu.B200)) {
        yield refused(
          arch.at('values'),
          `amd64, as ${types[0].typeName} and all other types of the requirements are`,
          "write values: ['amd64']",
        );
      }
    },
  },
];
