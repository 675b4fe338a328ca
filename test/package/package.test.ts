// The tarball as npm packs it: what it holds, and what a fresh project makes of it with the real CLIs.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BundledServingImage } from '../../lib/cluster';

const ROOT = join(__dirname, '../..');
const EXAMPLE = join(ROOT, 'examples/platform-repo');
const folder = mkdtempSync(join(tmpdir(), 'nim-constructs-package-'));
/** `npm test` compiles first; alone, this file needs `npm run compile`. */
const compiled = existsSync(join(ROOT, '.jsii'));

function npm(cwd: string, ...args: string[]): string {
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error', '--prefer-offline', '--ignore-scripts'];
  return execFileSync('npm', [...args, ...quiet], { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}

interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly files: readonly { readonly path: string }[];
}

let packed: Packed;
let paths: string[];

describe.skipIf(!compiled)('the package', () => {
  beforeAll(() => {
    [packed] = JSON.parse(npm(ROOT, 'pack', '--json', '--pack-destination', folder));
    paths = packed.files.map(({ path }) => path).sort();
  }, 60_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }), 120_000);

  it('is small', () => {
    console.log(`${packed.filename}: ${(packed.size / 1e6).toFixed(2)} MB, ${paths.length} files`);
    expect(packed.size).toBeLessThan(8e6);
  });

  it('holds what users need, and nothing else', () => {
    const kinds = new Set(
      paths.map((path) =>
        path.includes('/')
          ? path
              .split('/')
              .slice(0, path.startsWith('serving/') ? 3 : 1)
              .join('/')
          : path,
      ),
    );
    expect([...kinds]).toEqual([
      '.jsii',
      'API.md',
      'COMPATIBILITY.md',
      'LICENSE',
      'README.md',
      'build',
      'docs',
      'package.json',
      'serving/engine/CMakeLists.txt',
      'serving/engine/CONTRACT.md',
      'serving/engine/binding',
      'serving/engine/cmake',
      'serving/engine/cuda-toolkit.mjs',
      'serving/engine/include',
      'serving/engine/src',
      'serving/engine/tools',
      'serving/image/Containerfile',
      'serving/image/Containerfile.dockerignore',
      'serving/image/debian-root.sh',
      'serving/image/entrypoint.sh',
      'serving/image/model_manifest.yaml',
      'serving/image/package-lock.json',
      'serving/image/package.json',
      'serving/image/sbom.mjs',
      'serving/image/slim.sh',
      'serving/models/default',
      'serving/server/README.md',
      'serving/server/bin',
      'serving/server/page',
      'serving/server/src',
      'serving/server/tsconfig.json',
    ]);
    expect(paths.filter((path) => /(^|\/)(test|tests|node_modules)\/|\.test\./.test(path))).toEqual([]);
  });

  describe('in a fresh project', () => {
    const project = join(folder, 'project');

    beforeAll(() => install(project, []), 600_000);

    it('synthesizes by the cdk CLI', { timeout: 120_000 }, () => {
      bin(project, 'cdk', 'synth', '--quiet', '--no-notices');
      const template = readFileSync(join(project, 'cdk.out/PlatformModels.template.json'), 'utf8');
      expect(template).toContain('NIMService');
    });

    it('synthesizes by the cdk8s CLI', { timeout: 120_000 }, () => {
      bin(project, 'cdk8s', 'synth', '--no-check-upgrade');
      expect(readFileSync(join(project, 'dist/models.k8s.yaml'), 'utf8')).toContain('kind: NIMService');
    });

    it.each([
      ['node10', 'commonjs'],
      ['node16', 'node16'],
      ['bundler', 'esnext'],
    ])('has types under moduleResolution %s', { timeout: 120_000 }, (moduleResolution, module) => {
      const compilerOptions = {
        module,
        moduleResolution,
        target: 'ES2022',
        strict: true,
        noEmit: true,
        types: ['node'],
      };
      const file = join(project, `tsconfig.${moduleResolution}.json`);
      // Types of dependencies are theirs; those of this package are checked by the imports.
      writeFileSync(
        file,
        JSON.stringify({
          compilerOptions: { ...compilerOptions, skipLibCheck: true },
          files: ['stack.ts', 'chart.ts'],
        }),
      );
      bin(project, 'tsc', '--project', file);
    });

    it('builds the image from the very files that the repository builds it from', { timeout: 120_000 }, () => {
      writeFileSync(
        join(project, 'image.ts'),
        `import { App, Stack } from 'aws-cdk-lib';
        import { BundledServingImage } from 'nim-constructs/cluster';
        console.log(new BundledServingImage(new Stack(new App(), 'Stack'), 'Image').asset.assetHash);`,
      );
      const here = new BundledServingImage(new Stack(new App(), 'Stack'), 'Image');
      expect(bin(project, 'tsx', 'image.ts').trim()).toBe(here.asset.assetHash);
    });
  });

  describe('in a fresh project without aws-cdk-lib', () => {
    const project = join(folder, 'without-cdk');

    beforeAll(() => install(project, ['aws-cdk-lib', 'aws-cdk']), 600_000);

    it('synthesizes by the cdk8s CLI', { timeout: 120_000 }, () => {
      expect(existsSync(join(project, 'node_modules/aws-cdk-lib'))).toBe(false);
      bin(project, 'cdk8s', 'synth', '--no-check-upgrade');
      expect(readFileSync(join(project, 'dist/models.k8s.yaml'), 'utf8')).toContain('kind: NIMService');
    });
  });
});

/** The example outside the repository, with the tarball and without some of its dependencies. */
function install(project: string, without: readonly string[]): void {
  cpSync(EXAMPLE, project, { recursive: true });
  const file = join(project, 'package.json');
  const manifest = JSON.parse(readFileSync(file, 'utf8'));
  for (const name of without) {
    delete manifest.dependencies[name];
    delete manifest.devDependencies[name];
  }
  manifest.dependencies['nim-constructs'] = `file:${join(folder, packed.filename)}`;
  writeFileSync(file, JSON.stringify(manifest));
  npm(project, 'install');
}

function bin(project: string, name: string, ...args: string[]): string {
  const path = `${join(project, 'node_modules/.bin')}:${dirname(process.execPath)}:${process.env.PATH}`;
  try {
    return execFileSync(join(project, 'node_modules/.bin', name), args, {
      cwd: project,
      encoding: 'utf8',
      stdio: 'pipe',
      env: { ...process.env, PATH: path, CI: '1' },
    });
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`${name} ${args.join(' ')} failed:\n${stdout}${stderr}`);
  }
}
