import { parseFlags, splitArguments } from './flags.js';
import { nearest } from './nearest.js';
import { SettingError } from './setting-error.js';
import { SETTINGS, type Setting, type Settings } from './settings.js';

/** Where settings come from, the strongest first. */
export interface SettingSources {
  /** Words after the command, such as `--max-model-len=8192`. */
  readonly argv: readonly string[];
  /** Environment: `NIM_PASSTHROUGH_ARGS` counts above all other variables. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `runtime_config.json` beside the model: flags without `--` and their values. */
  readonly runtimeConfig?: Readonly<Record<string, unknown>>;
  /** Tags of the profile that is served. */
  readonly profileTags?: Readonly<Record<string, string>>;
}

export interface ReadSettings {
  readonly settings: Settings;
  /** For each setting that is not its default: where its value was written. */
  readonly origin: ReadonlyMap<string, string>;
  /** One line each: names that mean nothing here. */
  readonly warnings: readonly string[];
}

interface Written {
  readonly where: string;
  readonly text: string;
}

/**
 * Settings from all their sources. Command line, then NIM_PASSTHROUGH_ARGS, NIM_* variables, runtime_config.json, profile
 * tags and defaults, as NIM 2.x documents it. An empty variable counts as absent: the operator writes NIM_MODEL_PATH=""
 * for models from an endpoint.
 *
 * @throws SettingError for an unknown flag or a value that its setting does not take
 */
export function readSettings(sources: SettingSources): ReadSettings {
  const byFlag = [
    parseFlags(sources.argv, 'command line'),
    parseFlags(splitArguments(sources.env.NIM_PASSTHROUGH_ARGS ?? ''), 'NIM_PASSTHROUGH_ARGS'),
  ];
  const config = runtimeConfig(sources.runtimeConfig ?? {});
  const origin = new Map<string, string>();
  const values: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries(SETTINGS) as [string, Setting<unknown>][]) {
    const written =
      first(byFlag, setting.flag) ??
      fromEnv(sources.env, setting.env) ??
      first([config], setting.flag) ??
      fromTag(sources.profileTags, setting.tag);
    if (!written) {
      values[name] = setting.default;
      continue;
    }
    const value = setting.type.parse(written.text.trim());
    if (value === undefined) {
      throw new SettingError(
        `${written.where} is "${written.text}", allowed is ${setting.type.allowed} (${setting.meaning}); ` +
          `${setting.default === undefined ? 'leave it out otherwise' : `without it the value is ${String(setting.default)}`}`,
      );
    }
    values[name] = value;
    origin.set(name, written.where);
  }
  return { settings: values as unknown as Settings, origin, warnings: unknownVariables(sources.env) };
}

function first(layers: readonly ReadonlyMap<string, Written>[], flag: string | undefined): Written | undefined {
  if (flag === undefined) {
    return undefined;
  }
  return layers.map((layer) => layer.get(flag)).find((written) => written !== undefined);
}

function fromEnv(env: SettingSources['env'], names: readonly string[]): Written | undefined {
  const name = names.find((candidate) => (env[candidate] ?? '') !== '');
  return name === undefined ? undefined : { where: name, text: env[name] ?? '' };
}

function fromTag(tags: SettingSources['profileTags'], tag: string | undefined): Written | undefined {
  const value = tag === undefined ? undefined : tags?.[tag];
  return value === undefined ? undefined : { where: `profile tag ${tag}`, text: value };
}

function runtimeConfig(config: Readonly<Record<string, unknown>>): Map<string, Written> {
  const written = new Map<string, Written>();
  for (const [key, value] of Object.entries(config)) {
    const flag = key.replaceAll('_', '-');
    if (['string', 'number', 'boolean'].includes(typeof value)) {
      written.set(flag, { where: `runtime_config.json ${key}`, text: String(value) });
    }
  }
  return written;
}

/** Variables that other parts of a NIM pod set and that mean nothing to this server. */
const FOREIGN =
  /^NIM_(SDK_|TELEMETRY_MODE|TRITON_|PEFT_|MULTI_NODE|LEADER_ROLE|NODE_RANK|NUM_COMPUTE_NODES|MPI_|NGINX_DIR|PASSTHROUGH_ARGS|CACHE_PROBE_TIMEOUT|ENABLE_OTEL|OTEL_)/;

function unknownVariables(env: SettingSources['env']): string[] {
  const known = Object.values(SETTINGS).flatMap((setting) => setting.env);
  return Object.keys(env)
    .filter((name) => name.startsWith('NIM_') && !known.includes(name) && !FOREIGN.test(name))
    .sort()
    .map((name) => {
      const near = nearest(name, known);
      return `${name} means nothing to this server${near ? `; did you mean ${near}?` : ''}`;
    });
}
