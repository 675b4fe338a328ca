import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { currentImagePackage } from '../../projen/image-lock';
import { modelManifest } from '../../serving/manifest/model-manifest';

const IMAGE = join(__dirname, '../../serving/image');
const read = (name: string) => readFileSync(join(IMAGE, name), 'utf8');

describe('files of the image that are made of others', () => {
  test('package.json and its lock hold what the server needs, as this repository has it: npx tsx projen/image-lock.ts', () => {
    for (const [name, content] of Object.entries(currentImagePackage())) {
      expect(read(name)).toBe(content);
    }
  });

  test('the lock holds no address of a registry', () => {
    expect(read('package-lock.json')).not.toContain('"resolved"');
  });

  test('the manifest is that of the catalog: npm run serving:manifest > serving/image/model_manifest.yaml', () => {
    expect(read('model_manifest.yaml')).toBe(modelManifest('0.0.0'));
  });

  test('every folder of the server beside its sources and tests is in the image', () => {
    const folders = readdirSync(join(IMAGE, '../server'), { withFileTypes: true })
      .filter(
        (entry) => entry.isDirectory() && !['build', 'native', 'node_modules', 'src', 'test'].includes(entry.name),
      )
      .map(({ name }) => `serving/server/${name} /opt/nim/serving/server/${name}\n`);
    expect(folders.filter((copy) => !read('Containerfile').includes(copy))).toEqual([]);
  });

  test('what the context leaves out are no sources of the image', () => {
    const copied = [...read('Containerfile').matchAll(/^COPY (?:--chmod=\d+ )?(?!--)(.*) \S+$/gm)].flatMap(([, from]) =>
      from.split(' '),
    );
    const ignored = read('Containerfile.dockerignore').split('\n');
    expect(copied.filter((path) => ignored.includes(path))).toEqual([]);
    expect(copied.filter((path) => !/^(LICENSE|serving\/)/.test(path))).toEqual([]);
  });
});
