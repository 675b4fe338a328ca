import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { CommandContext } from '../commands/command.js';
import { loadManifest } from '../commands/manifest-file.js';
import { fetchModel, findModel } from '../commands/sources.js';
import { DownloadError } from '../downloads/download-error.js';
import { findProfile, type Manifest, type Profile } from '../profiles/manifest.js';
import type { Settings } from '../settings/settings.js';

/** The model that is to be served. */
export interface ModelFolder {
  readonly folder: string;
  /** Names where NIM_SERVED_MODEL_NAME gives none. */
  readonly name: string;
  readonly profile?: Profile;
  readonly manifest?: Manifest;
}

/**
 * Finds the model: NIM_MODEL_NAME, NIM_MODEL_PATH or NIM_MODEL_PROFILE. Where none is set, it is the first profile that the
 * cache holds, else the only one of the manifest, else the embedded model. What the cache holds is used without asking any
 * source; what it lacks is fetched, unless that is switched off.
 *
 * @param embedded folder of the default model
 * @throws DownloadError, ManifestError in one line
 */
export async function modelFolder(settings: Settings, context: CommandContext, embedded: string): Promise<ModelFolder> {
  const named = settings.modelName ?? settings.modelPath;
  // The operator sets both for a model of a hub: NIM_MODEL_NAME=/model-store is the volume, NIM_MODEL_PATH the model on it.
  const volume =
    settings.modelName !== undefined && settings.modelPath !== undefined && !(await isModel(settings.modelName));
  const uri = volume ? settings.modelPath : named;
  if (uri !== undefined) {
    return { folder: await local(uri, settings, context), name: nameOf(uri) };
  }
  const manifest = await loadManifest(context).catch((error) => {
    if (settings.modelProfile !== undefined || context.env.NIM_MANIFEST_PATH) {
      throw error;
    }
    return undefined;
  });
  const profile = manifest && (await chosen(manifest, settings, context));
  if (!profile) {
    return { folder: embedded, name: 'nim-constructs/default', manifest };
  }
  return { folder: await local(profile.uri, settings, context), name: profile.model, profile, manifest };
}

async function chosen(
  manifest: Manifest,
  { modelProfile }: Settings,
  { env }: CommandContext,
): Promise<Profile | undefined> {
  if (modelProfile !== undefined && modelProfile !== 'default') {
    return findProfile(manifest, modelProfile);
  }
  const { profiles } = manifest;
  for (const profile of profiles) {
    const folder = await findModel(profile.uri, env);
    if (folder !== undefined && (await isModel(folder))) {
      return profile;
    }
  }
  return profiles.length === 1 ? profiles[0] : undefined;
}

async function local(uri: string, settings: Settings, context: CommandContext): Promise<string> {
  const found = await findModel(uri, context.env);
  if (found !== undefined) {
    if (!(await isModel(found))) {
      throw new DownloadError(
        `${found} has no config.json, allowed is a whole Hugging Face checkpoint; download it again or name another folder`,
      );
    }
    return found;
  }
  if (settings.disableDownload) {
    throw new DownloadError(
      `${uri} is not in the cache and NIM_DISABLE_MODEL_DOWNLOAD is set; run download-to-cache first`,
    );
  }
  return fetchModel(uri, context);
}

async function isModel(folder: string): Promise<boolean> {
  return (await stat(join(folder, 'config.json')).catch(() => undefined))?.isFile() ?? false;
}

/** The source without its scheme and revision, as NIM 2.x names models; for a folder its last part. */
function nameOf(uri: string): string {
  const [, rest] = /^[a-z0-9]+:\/\/([^@]*?)(?::[^/]*)?(?:@.*)?$/.exec(uri) ?? [];
  return rest ?? (uri.replace(/\/+$/, '').split('/').at(-1) as string);
}
