import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { deviceCode } from '../../../../test/support/fatbinary.js';
import { baseImage } from '../../../image/base.js';
import { build } from '../../../image/build.js';
import { missing, STORE } from '../../../image/buildah.js';
import { MountedImage } from '../../../image/container.js';
import { layerTable } from '../../../image/layers.js';
import { nameOf, Trial } from '../contract/check.js';
import { debianFiles, STRIP } from './debian-files.js';
import { IMAGE_CHECKS } from './image-checks.js';

/** Compiling the engine for all chips takes minutes on two busy cores, making a base of Debian's packages one more. */
const LIMIT = 45 * 60_000;
const SERVING = fileURLToPath(new URL('../../..', import.meta.url));
const BUDGET_BYTES = 200e6;

const lacks = process.getuid?.() === 0 ? missing(['buildah', 'crun', 'unshare']) : ['root'];

/** What the image and its checks are made of: the same hash has passed before. */
function sourceHash(): string {
  const hash = createHash('sha256');
  const files = readdirSync(SERVING, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/node_modules|engine\/tests|server\/build/.test(entry.parentPath))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !file.includes('/server/test/') || file.includes('/test/image/'));
  for (const file of files.sort()) {
    hash.update(`\0${relative(SERVING, file)}\0`).update(readFileSync(file));
  }
  return hash.digest('hex').slice(0, 16);
}

const mark = (name: string) => join(STORE, 'passed', `${name}-${sourceHash()}`);
let image: MountedImage | undefined;

/** Runs a check on the built image, unless it has passed on the same sources. */
async function remembered(name: string, check: (image: MountedImage) => Promise<void>): Promise<void> {
  if (existsSync(mark(name))) {
    return;
  }
  if (image === undefined) {
    const { name: built, layers } = build();
    console.log(layerTable(layers));
    expect(layers.reduce((sum, { compressedBytes }) => sum + compressedBytes, 0)).toBeLessThan(BUDGET_BYTES);
    image = MountedImage.open(built);
  }
  await check(image);
  mkdirSync(join(STORE, 'passed'), { recursive: true });
  writeFileSync(mark(name), '');
}

describe.skipIf(lacks.length > 0)(`the image${lacks.length > 0 ? `: needs ${lacks.join(', ')}` : ''}`, () => {
  afterAll(() => image?.close());

  it('holds the engine for A100, A10G, L4 and L40S, and Hopper, within the budget', { timeout: LIMIT }, () =>
    remembered('engine', async ({ root }) => {
      const code = deviceCode(join(root, 'opt/nim/serving/server/native/nim_engine.node'));
      expect(code.length).toBeGreaterThan(10);
      expect(new Set(code.map((chips) => JSON.stringify(chips)))).toEqual(
        new Set([JSON.stringify({ machineCode: [80, 86, 89, 90], ptx: [89] })]),
      );
    }),
  );

  it('has the same files of Debian whatever Debian 13 is its base', { timeout: LIMIT }, () =>
    remembered('debian', async () => {
      const base = baseImage();
      const files = debianFiles(base, 'true');
      expect(files.size).toBeGreaterThan(500);
      expect(debianFiles(base, STRIP)).toEqual(files);
    }),
  );

  for (const check of IMAGE_CHECKS) {
    const title = `${nameOf(check)}: ${check.title}${check.needs ? `: needs ${check.needs}` : ''}`;
    it.skipIf(check.needs)(title, { timeout: LIMIT }, () =>
      remembered(String(check.number), async (built) => {
        const trial = new Trial();
        try {
          await check.run(built, trial);
        } catch (error) {
          (error as Error).message += `\n${trial.lines.join('\n')}`;
          throw error;
        }
      }),
    );
  }
});
