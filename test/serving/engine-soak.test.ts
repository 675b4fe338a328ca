// Random load on the engine of this machine; on a GPU machine the same program takes as long as it is given.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildEngine, ENGINE_LIMIT, engineSkip } from '../support/engine';

const MODEL = join(__dirname, '../../serving/models/default');

describe.skipIf(engineSkip)('the C++ engine under random load', () => {
  let programs = '';

  beforeAll(async () => {
    programs = await buildEngine();
  }, ENGINE_LIMIT);

  it(
    'gives everything back',
    () => {
      const { stdout, stderr } = spawnSync(
        join(programs, 'engine-soak'),
        [MODEL, '10', '--memory-mib', '48', '--seed', String(Date.now() % 1e6)],
        { encoding: 'utf8', timeout: ENGINE_LIMIT },
      );
      expect(stderr).toBe('');
      expect(stdout, stdout).not.toContain('NO:');
      expect(stdout.match(/^- yes: /gm), stdout).toHaveLength(5);
    },
    ENGINE_LIMIT,
  );

  it(
    'refuses to break a GPU that is not there',
    () => {
      const { stdout, stderr, status } = spawnSync(
        join(programs, 'engine-soak'),
        [MODEL, '1', '--memory-mib', '48', '--break-gpu'],
        { encoding: 'utf8', timeout: ENGINE_LIMIT },
      );
      expect({ status, stderr }, stdout).toEqual({
        status: 1,
        stderr: '--break-gpu: there is no NVIDIA driver, so no GPU to break\n',
      });
    },
    ENGINE_LIMIT,
  );
});
