#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { COMMANDS, type CommandContext, runCommand, UsageError } from './commands/index.js';
import { Log } from './observability/log.js';
import { SETTINGS } from './settings/settings.js';

/** Where the NIM Operator's probe looks for the manifest, in its order. */
const MANIFESTS = ['/opt/nim/etc/default/model_manifest.yaml', '/etc/nim/config/model_manifest.yaml'];

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const { version } = JSON.parse(readFileSync(here('../package.json'), 'utf8')) as { version: string };

/** `main [command] [words]`: a name of the contract, or flags alone, which serve. */
async function main(argv: readonly string[]): Promise<number> {
  const [first = '', ...rest] = argv;
  const serves = first === '' || first.startsWith('-') || first === 'serve' || first === 'nim-serve';
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      // Whoever asks a second time, at a terminal, does not want to wait for streams.
      if (stop.signal.aborted && signal === 'SIGINT') {
        process.exit(130);
      }
      stop.abort();
    });
  }
  const json = SETTINGS.jsonLogging.type.parse(process.env.NIM_JSONL_LOGGING ?? '') ?? false;
  const level = SETTINGS.logLevel.type.parse(process.env.NIM_LOG_LEVEL ?? '') ?? 'info';
  const context: CommandContext = {
    argv: serves && (first === '' || first.startsWith('-')) ? argv : rest,
    env: process.env,
    log: new Log({ level, json }),
    out: (text) => void process.stdout.write(text),
    manifestPaths: MANIFESTS,
    signal: stop.signal,
  };
  const command = serves
    ? async (given: CommandContext) => {
        // The other commands run where neither engine nor framework is needed.
        const { MODEL_FOLDER, serve } = await import('./commands/serve.js');
        const { Engine } = await import('./engine/index.js');
        return serve(given, {
          release: version,
          embeddedModel: MODEL_FOLDER,
          licensePath: here('../../../LICENSE'),
          startEngine: (options) => Engine.create(options),
        });
      }
    : COMMANDS[first];
  return runCommand(command ?? unknown(first), context);
}

function unknown(name: string): () => Promise<number> {
  const known = ['nim-serve', ...Object.keys(COMMANDS)].join(', ');
  const why = name.startsWith('nim-serve-') ? ': this image serves on one node, without Ray' : '';
  return async () => {
    throw new UsageError(`the command is "${name}", allowed are ${known}${why}`);
  };
}

process.exitCode = await main(process.argv.slice(2));
