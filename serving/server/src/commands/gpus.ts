import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Device } from './list-model-profiles.js';

const QUERY = ['--query-gpu=index,name,pci.device_id,memory.total', '--format=csv,noheader,nounits'];

/**
 * The GPUs that this container may use, none where there is no driver. The driver's own program tells them without a CUDA
 * context; container runtimes bring it along for the capability `utility`, which the image asks for.
 */
export async function gpus(program = 'nvidia-smi'): Promise<Device[]> {
  const { stdout } = await promisify(execFile)(program, QUERY, { timeout: 30_000 }).catch(() => ({ stdout: '' }));
  return devicesOf(stdout);
}

/** Lines such as `0, NVIDIA H200, 0x233510DE, 143771`: device before vendor, MiB. Without /sys the driver knows no device. */
export function devicesOf(text: string): Device[] {
  return [...text.matchAll(/^(\d+), (.+), (?:0x(\w{4})(\w{4})|\[.*\]), (\d+)$/gm)].map(
    ([, index, name, device = 'unknown', vendor = '10de', mebibytes]) => ({
      index: Number(index),
      name,
      pci: `${device}:${vendor}`.toLowerCase(),
      memoryBytes: Number(mebibytes) * 2 ** 20,
    }),
  );
}
