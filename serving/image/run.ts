// Runs the image that serving/image/build.ts made, on port 8000 of this machine: `npx tsx serving/image/run.ts [--cpu] [words]`. Words go to the
// server: `--port 8100`.
// Where there is Docker or Podman, `docker run -p 8000:8000 nim-serving` is the usual way; this needs buildah and crun alone.
import { exists, IMAGE } from './buildah.js';
import { MountedImage } from './container.js';
import { gpuFiles } from './gpu-files.js';

const words = process.argv.slice(2);
const cpu = words[0] === '--cpu';
const name = `${IMAGE}:${cpu ? 'cpu' : 'cuda'}`;
if (!exists(name)) {
  console.error(`${name} is not built here; write: npm run image${cpu ? ' -- --cpu' : ''}`);
  process.exit(1);
}
const image = MountedImage.open(name, gpuFiles());
const container = image.start({ args: words.slice(cpu ? 1 : 0), readOnlyRoot: true }).show();
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => container.signal('SIGTERM'));
}
process.exitCode = (await container.exited) ?? 1;
image.close();
