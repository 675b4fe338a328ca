import { homedir } from 'node:os';
import { join } from 'node:path';

/** A folder outside the clone for what is slow to make: tools and builds, each named by what it was made from. */
export function cacheFolder(...names: string[]): string {
  return join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'nim-constructs', ...names);
}
