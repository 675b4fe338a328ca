/** What the operator reads of a manifest's profile. */
export interface TaggedProfile {
  readonly id: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** The selection of a NIMCache: `spec.source.ngc.model`. */
export interface ModelSpec {
  readonly precision?: string;
  readonly tensorParallelism?: string;
  readonly qosProfile?: string;
  readonly engine?: string;
  readonly lora?: boolean;
  readonly buildable?: boolean;
  readonly gpus?: readonly { readonly product: string; readonly ids: readonly string[] }[];
}

/**
 * Profiles that the NIM Operator selects: its MatchProfiles for manifests of schema 2, in other words
 * (NVIDIA/k8s-nim-operator at f63f74d7, internal/nimparser/v2/nimparser.go:142-170).
 *
 * @param discovered `nvidia.com/gpu.product` of the nodes that are there
 */
export function selectedProfiles(
  profiles: readonly TaggedProfile[],
  spec: ModelSpec,
  discovered: readonly string[],
): string[] {
  return profiles.filter(({ tags }) => matches(tags, spec) && matchesGpu(tags, spec, discovered)).map(({ id }) => id);
}

function matches(tags: TaggedProfile['tags'], spec: ModelSpec): boolean {
  const same = (wanted: string | undefined, tag: string | undefined) =>
    !wanted || wanted.toLowerCase() === (tag ?? '').toLowerCase();
  const flag = (wanted: boolean | undefined, tag: string | undefined) =>
    wanted === undefined || String(wanted) === (tag ?? 'false');
  const engine = tags.llm_engine ?? tags.model_type ?? tags.backend ?? '';
  return (
    same(spec.precision, tags.precision) &&
    same(spec.tensorParallelism, tags.tp) &&
    same(spec.qosProfile, tags.profile) &&
    flag(spec.lora, tags.feat_lora) &&
    flag(spec.buildable, tags.trtllm_buildable) &&
    (!spec.engine || engine.includes(spec.engine.replace(/_llm$/, '')))
  );
}

/** A profile that is built for no GPU runs on any, unless the selection names one. */
function matchesGpu(tags: TaggedProfile['tags'], { gpus }: ModelSpec, discovered: readonly string[]): boolean {
  const product = tags.gpu ?? tags.key;
  const isA = (label: string) =>
    (product !== undefined && label.toLowerCase().includes(product.toLowerCase())) ||
    (tags.product_name_regex !== undefined && new RegExp(tags.product_name_regex).test(label));
  if (gpus && gpus.length > 0) {
    return gpus.some((gpu) => isA(gpu.product) || gpu.ids.includes((tags.gpu_device ?? '-').replace(/:10de$/, '')));
  }
  const built = product !== undefined || tags.product_name_regex !== undefined;
  return !built || discovered.length === 0 || discovered.some(isA);
}
