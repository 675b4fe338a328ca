import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = '/sys/fs/cgroup';
/** Files of control groups, by their version: where a group is made, what limits it, and the most that it has held. */
const VERSIONS = [
  { root: join(ROOT, 'memory'), limit: 'memory.limit_in_bytes', peak: 'memory.max_usage_in_bytes' },
  { root: ROOT, limit: 'memory.max', peak: 'memory.peak' },
] as const;

/**
 * A control group of this machine with a limit of memory, into which a process puts itself: the kernel ends what holds more,
 * as it does in a pod. Made beside the runtime, which is told of no groups.
 */
export class MemoryGroup {
  /** Why no group can be made here, or nothing. */
  public static readonly missing: string | undefined = versionHere() ? undefined : 'control groups for memory';

  public readonly folder: string;
  private readonly version: (typeof VERSIONS)[number];

  public constructor(name: string, bytes: number) {
    const version = versionHere();
    if (version === undefined) {
      throw new Error(`a limit of ${bytes} bytes needs control groups for memory, which ${ROOT} does not have here`);
    }
    this.version = version;
    this.folder = join(version.root, name);
    mkdirSync(this.folder);
    writeFileSync(join(this.folder, version.limit), String(bytes));
  }

  /** The most that its processes have held, the page cache of what they wrote counted. */
  public peakBytes(): number {
    return Number(readFileSync(join(this.folder, this.version.peak), 'utf8'));
  }

  public remove(): void {
    rmdirSync(this.folder);
  }
}

function versionHere(): (typeof VERSIONS)[number] | undefined {
  const [first, second] = VERSIONS;
  if (existsSync(join(first.root, first.limit))) {
    return first;
  }
  const controllers = join(ROOT, 'cgroup.subtree_control');
  return existsSync(controllers) && /\bmemory\b/.test(readFileSync(controllers, 'utf8')) ? second : undefined;
}
