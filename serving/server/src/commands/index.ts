import { CheckpointError } from '../checkpoint/index.js';
import { DownloadError } from '../downloads/download-error.js';
import { ManifestError } from '../profiles/manifest.js';
import { SettingError } from '../settings/setting-error.js';
import { type Command, type CommandContext, UsageError } from './command.js';
import { createModelStore } from './create-model-store.js';
import { downloadToCache } from './download-to-cache.js';
import { gpus } from './gpus.js';
import { huggingfaceCli } from './huggingface-cli.js';
import { listModelProfiles } from './list-model-profiles.js';

export { type Command, type CommandContext, UsageError } from './command.js';

/** Commands that need no engine, by the names that the NIM Operator and people call. */
export const COMMANDS: Readonly<Record<string, Command>> = {
  'download-to-cache': downloadToCache,
  'create-model-store': createModelStore,
  'huggingface-cli': huggingfaceCli,
  'list-model-profiles': async (context) => listModelProfiles(context, await gpus()),
};

/** Errors that are for the reader of a log, in one line; others are defects and keep their stack. */
export async function runCommand(command: Command, context: CommandContext): Promise<number> {
  try {
    return await command(context);
  } catch (error) {
    const plain = [CheckpointError, DownloadError, ManifestError, SettingError, UsageError].some(
      (kind) => error instanceof kind,
    );
    context.log.error(plain ? (error as Error).message : ((error as Error).stack ?? String(error)));
    return error instanceof UsageError || error instanceof SettingError ? 2 : 1;
  }
}
