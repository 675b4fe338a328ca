import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Whether the engine's addon is there: `npm test` builds it first, where cmake is. */
export const hasAddon = existsSync(
  fileURLToPath(new URL('../../../../out/engine/binding/nim_engine.node', import.meta.url)),
);
