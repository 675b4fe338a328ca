import { type Profile, profileText } from '../profiles/manifest.js';
import type { CommandContext } from './command.js';
import { loadManifest } from './manifest-file.js';

/** A GPU of this machine. */
export interface Device {
  readonly index: number;
  readonly name: string;
  /** PCI device and vendor, such as `2335:10de`. */
  readonly pci: string;
  readonly memoryBytes: number;
}

/** `list-model-profiles`: what this machine has, and which profiles run on it. */
export async function listModelProfiles(context: CommandContext, devices: readonly Device[] = []): Promise<number> {
  const { profiles } = await loadManifest(context);
  const groups = { runnable: [] as string[], low: [] as string[], incompatible: [] as string[] };
  for (const profile of profiles) {
    const need = Number(profile.tags.min_vram_per_device_gb ?? 0);
    const gpus = Number(profile.tags.tp ?? 1) * Number(profile.tags.pp ?? 1);
    const enough = devices.filter((device) => device.memoryBytes >= need * 2 ** 30).length;
    const group = devices.length < gpus ? 'incompatible' : enough < gpus ? 'low' : 'runnable';
    groups[group].push(line(profile, need));
  }
  context.out(
    [
      'SYSTEM INFO',
      '- Free GPUs:',
      ...(devices.length === 0
        ? ['  <None>']
        : devices.map(({ pci, index, name }) => `  -  [${pci}] (${index}) ${name}`)),
      'MODEL PROFILES',
      ...section('Compatible with system and runnable', groups.runnable),
      ...section('Compatible with system but low memory', groups.low),
      '- Compilable to TRT-LLM using just-in-time compilation of HF models to TRTLLM engines: <None>',
      ...section('Incompatible with system', groups.incompatible),
      '',
    ].join('\n'),
  );
  return 0;
}

function line(profile: Profile, need: number): string {
  return `  - ${profileText(profile)}${need > 0 ? ` [requires >=${need} GB/gpu]` : ''}`;
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [`- ${title}: <None>`] : [`- ${title}:`, ...lines];
}
