import { parse } from 'yaml';

/** A profile of the model manifest: what the NIM Operator reads, and where its files are. */
export interface Profile {
  /** 64 hexadecimal digits. */
  readonly id: string;
  readonly tags: Readonly<Record<string, string>>;
  /** The model's name: the tag `model`, or the manifest's own where all its profiles are of one. */
  readonly model: string;
  /** Addresses of the model: one, of a repository. */
  readonly uri: string;
}

export interface Manifest {
  readonly release: string;
  readonly profiles: readonly Profile[];
  /** The document as it is on disk. */
  readonly text: string;
}

export class ManifestError extends Error {}

interface Document {
  readonly schema_version?: unknown;
  readonly model?: unknown;
  readonly release?: unknown;
  readonly profiles?: readonly {
    readonly id?: unknown;
    readonly tags?: Readonly<Record<string, unknown>>;
    readonly workspace?: { readonly files?: Readonly<Record<string, { readonly uri?: unknown }>> };
  }[];
}

/**
 * Reads a manifest of schema 2.
 *
 * @param where names it in errors
 * @throws ManifestError
 */
export function readManifest(text: string, where: string): Manifest {
  let document: Document | null;
  try {
    document = parse(text) as Document | null;
  } catch (error) {
    throw new ManifestError(`${where} is no YAML: ${(error as Error).message.split('\n')[0]}`);
  }
  if (!/^2/.test(String(document?.schema_version ?? ''))) {
    throw new ManifestError(`${where} has schema_version ${String(document?.schema_version)}, allowed is 2.x`);
  }
  const profiles = (document?.profiles ?? []).map((profile, at): Profile => {
    const uri = Object.values(profile.workspace?.files ?? {})[0]?.uri;
    if (typeof profile.id !== 'string' || !/^[0-9a-f]{64}$/.test(profile.id)) {
      throw new ManifestError(
        `${where}: profiles[${at}].id is ${String(profile.id)}, allowed are 64 hexadecimal digits`,
      );
    }
    if (typeof uri !== 'string') {
      throw new ManifestError(`${where}: profiles[${at}] names no file's uri`);
    }
    const tags = Object.fromEntries(Object.entries(profile.tags ?? {}).map(([name, value]) => [name, String(value)]));
    return { id: profile.id, tags, model: tags.model ?? String(document?.model ?? ''), uri };
  });
  return { release: String(document?.release ?? ''), profiles, text };
}

/** The name of a profile, as NIM 2.x writes it: `vllm-bf16-tp1-pp1-33.0`. */
export function profileName({ tags }: Profile): string {
  const lora = tags.feat_lora === 'true' ? '-feat_lora' : '';
  const memory = tags.min_vram_per_device_gb === undefined ? '' : `-${tags.min_vram_per_device_gb}`;
  return `${tags.llm_engine}-${tags.precision}-tp${tags.tp}-pp${tags.pp}${lora}${memory}`;
}

/**
 * The profile with this id, or the only one with this name or of this model.
 *
 * @throws ManifestError naming all that there are
 */
export function findProfile({ profiles }: Manifest, wanted: string): Profile {
  const found = profiles.filter(
    (profile) => profile.id === wanted || profileName(profile) === wanted || profile.model === wanted,
  );
  if (found.length !== 1) {
    const valid = (found.length > 0 ? found : profiles).map(profileText).join(', ');
    throw new ManifestError(
      found.length > 0
        ? `${found.length} profiles match: profile is "${wanted}", allowed is the id of one: ${valid}`
        : `Could not match a profile in manifest: profile is "${wanted}", allowed are ${valid}`,
    );
  }
  return found[0] as Profile;
}

/** A profile for people: its id, then its name, and its model where the name does not tell it. */
export function profileText(profile: Profile): string {
  const model = profile.tags.model === undefined ? '' : `${profile.model} `;
  return `${profile.id} (${model}${profileName(profile)})`;
}
