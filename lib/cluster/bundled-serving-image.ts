import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { IgnoreMode } from 'aws-cdk-lib';
import { DockerImageAsset, Platform } from 'aws-cdk-lib/aws-ecr-assets';
import type { Construct } from 'constructs';
import { Gpu, type ModelSpec } from '../catalog';
import { refuse } from '../kube/errors';
import { ServingImage } from '../nim';
import type { IGpuNodePool } from '../nodes';
import { ImageOwner } from '../plan';

/** How this project's serving image is built. */
export interface BundledServingImageProps {
  /**
   * The model that it will serve. The image holds none: it is downloaded into the store.
   *
   * @default - not known: the cache then needs ModelSource.huggingFace() or ModelSource.inStore(), and no plan is made
   */
  readonly model?: ModelSpec;

  /**
   * GPUs that the engine is compiled for. Fewer make the build shorter and the image smaller; a pool with another GPU is then
   * refused.
   *
   * @default - every GPU that the engine has code for: compute capability 8.0, 8.6, 8.9 and 9.0
   */
  readonly gpus?: Gpu[];

  /**
   * Debian 13 of a registry that the build can reach.
   *
   * @default 'docker.io/library/debian:trixie-slim'
   */
  readonly baseImage?: string;
}

/** Machine code of the engine, by compute capability (serving/engine/cmake/cuda.cmake). */
const CODE = new Map([
  [8, '80'],
  [8.6, '86'],
  [8.9, '89'],
  [9, '90a'],
]);

/** The package, in which `serving/` lies beside what is compiled. */
const PACKAGE = join(__dirname, '..', '..');

/**
 * This project's serving image, built from the package's own files and pushed to the registry of the app's bootstrap when the
 * app is deployed. It needs Docker, or what CDK_DOCKER names, where the app is deployed and none where it is synthesized.
 *
 * It answers to the NIM contract with its own engine, takes no NGC key, and is pulled by the nodes' own login.
 */
export class BundledServingImage extends ServingImage {
  /** The image as CDK pushes it. */
  public readonly asset: DockerImageAsset;

  private readonly gpus?: Gpu[];

  constructor(scope: Construct, id: string, props: BundledServingImageProps = {}) {
    const chips = props.gpus?.map((gpu) => codeOf(scope, gpu));
    const asset = new DockerImageAsset(scope, id, {
      directory: PACKAGE,
      file: 'serving/image/Containerfile',
      exclude: readFileSync(join(PACKAGE, 'serving/image/Containerfile.dockerignore'), 'utf8').trim().split('\n'),
      ignoreMode: IgnoreMode.DOCKER,
      platform: Platform.LINUX_AMD64,
      buildArgs: {
        ...(chips ? { CUDA_CODE: [...new Set(chips)].sort().join(';') } : {}),
        ...(props.baseImage ? { BASE: props.baseImage } : {}),
      },
    });
    super(asset.repository.repositoryUri, asset.imageTag, ImageOwner.OWN, props.model);
    this.asset = asset;
    this.gpus = props.gpus;
  }

  /** @internal */
  public override _checkGpu(scope: Construct, { gpu, poolName }: IGpuNodePool): void {
    if (!this.gpus || this.gpus.some((compiled) => runs(compiled.computeCapability, gpu.computeCapability))) {
      return;
    }
    const add = CODE.has(gpu.computeCapability) ? `add ${gpu._constant} to gpus of BundledServingImage, or ` : '';
    refuse(scope, {
      what: `pool ${poolName}`,
      given: `${gpu.label} of compute capability ${gpu.computeCapability.toFixed(1)}`,
      allowed: `a GPU that the image is compiled for: ${this.gpus.map(({ label }) => label).join(', ')}`,
      fix: `${add}leave gpus out for all of them`,
    });
  }
}

/**
 * Machine code runs on later chips of its generation. The PTX that goes with 8.9 is for what comes after Hopper, which has
 * kernels of its own.
 */
function runs(compiled: number, chip: number): boolean {
  return (Math.floor(compiled) === Math.floor(chip) && compiled <= chip) || (compiled === 8.9 && chip >= 10);
}

function codeOf(scope: Construct, gpu: Gpu): string {
  return (
    CODE.get(gpu.computeCapability) ??
    refuse(scope, {
      what: 'gpus',
      given: `${gpu.label} of compute capability ${gpu.computeCapability.toFixed(1)}`,
      allowed: `GPUs that the engine has code for: ${Gpu.all()
        .filter(({ computeCapability }) => CODE.has(computeCapability))
        .map(({ label }) => label)
        .join(', ')}`,
      fix: 'leave gpus out for all of them',
    })
  );
}
