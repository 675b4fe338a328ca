// What nvcc puts into an object: containers of machine code (cubins) and PTX, one entry a chip. CUDA's cuobjdump lists the same,
// but is not among the wheels that the engine is compiled with.
import { readFileSync } from 'node:fs';

const MAGIC = Buffer.from([0x50, 0xed, 0x55, 0xba]);
const PTX = 1;
const CUBIN = 2;

export interface DeviceCode {
  /** Compute capabilities with machine code, 90 for 9.0. */
  readonly machineCode: readonly number[];
  readonly ptx: readonly number[];
}

/** A set of chips for each container in a file: one for each source that was compiled. */
export function deviceCode(file: string): DeviceCode[] {
  const bytes = readFileSync(file);
  const found: DeviceCode[] = [];
  for (let at = bytes.indexOf(MAGIC); at >= 0; at = bytes.indexOf(MAGIC, at + MAGIC.length)) {
    // A header of 16 bytes: magic, version, its own size, the entries' size.
    const headerSize = bytes.readUInt16LE(at + 6);
    const end = at + headerSize + Number(bytes.readBigUInt64LE(at + 8));
    if (headerSize !== 16 || end > bytes.length) {
      continue; // the same four bytes by chance
    }
    const chips: Record<number, number[]> = { [PTX]: [], [CUBIN]: [] };
    // An entry: kind, its header's size at 4, its payload's at 8, the compute capability at 28.
    for (let entry = at + headerSize; entry < end; ) {
      chips[bytes.readUInt16LE(entry)]?.push(bytes.readUInt32LE(entry + 28));
      entry += bytes.readUInt32LE(entry + 4) + Number(bytes.readBigUInt64LE(entry + 8));
    }
    found.push({ machineCode: chips[CUBIN].sort(), ptx: chips[PTX].sort() });
  }
  return found;
}
