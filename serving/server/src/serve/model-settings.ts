import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CommandContext } from '../commands/command.js';
import { readSettings } from '../settings/read-settings.js';
import { SettingError } from '../settings/setting-error.js';
import type { Settings } from '../settings/settings.js';
import type { ModelFolder } from './model-folder.js';

/**
 * The settings once the model is found: its runtime_config.json and the tags of its profile count where nothing else is set.
 *
 * @throws SettingError for a runtime_config.json that cannot be used
 */
export async function modelSettings(
  { folder, profile }: ModelFolder,
  { argv, env }: Pick<CommandContext, 'argv' | 'env'>,
): Promise<Settings> {
  const runtimeConfig = await runtimeConfigOf(join(folder, 'runtime_config.json'));
  return readSettings({ argv, env, runtimeConfig, profileTags: profile?.tags }).settings;
}

async function runtimeConfigOf(file: string): Promise<Record<string, unknown>> {
  const text = await readFile(file, 'utf8').catch(() => '{}');
  try {
    const value = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value;
    }
  } catch {
    // Said below.
  }
  throw new SettingError(`${file} is no JSON object; write {"max_model_len": 8192}, for example, or remove the file`);
}
