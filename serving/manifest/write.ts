// Prints the model manifest of the serving image: `npx tsx serving/manifest/write.ts > model_manifest.yaml`.
import { version } from '../server/package.json';
import { modelManifest } from './model-manifest';

process.stdout.write(modelManifest(version));
