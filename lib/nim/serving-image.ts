import type { Construct } from 'constructs';
import { ModelSpec, NimRelease } from '../catalog';
import { refuse } from '../kube/errors';
import type { IGpuNodePool } from '../nodes';
import { ImageOwner } from '../plan';

/** The tag of an image. */
export interface ServingImageOptions {
  /** Tag. `latest` is refused: a cache and its service must be of the same image, and an image must not change by itself. */
  readonly tag: string;
}

/** An image of a registry. */
export interface RegistryImageOptions extends ServingImageOptions {
  /**
   * The model it serves.
   *
   * @default - not known: memory and the startup probe are not derived from its size
   */
  readonly model?: ModelSpec;
}

/** The image that downloads and serves a model. */
export class ServingImage {
  /**
   * An NVIDIA NIM, by the name of its model on NGC.
   *
   * @param model organization and name, such as `meta/llama-3.1-8b-instruct`
   * @param options its tag
   */
  public static nim(model: string, options: ServingImageOptions): ServingImage {
    return new ServingImage(
      `nvcr.io/nim/${model}`,
      options.tag,
      ImageOwner.NVIDIA,
      ModelSpec.find(model),
      NimRelease.find(model, options.tag),
    );
  }

  /** Any image that answers to the NIM contract, or a mirror of an NVIDIA image. */
  public static fromRegistry(repository: string, options: RegistryImageOptions): ServingImage {
    return new ServingImage(repository, options.tag, ImageOwner.OTHER, options.model);
  }

  /**
   * This project's serving image, in the registry that it was pushed to. In a CDK app BundledServingImage builds and pushes it.
   * It holds no model: profile or source of the cache name one.
   */
  public static own(repository: string, options: RegistryImageOptions): ServingImage {
    return new ServingImage(repository, options.tag, ImageOwner.OWN, options.model);
  }

  /** Image without its tag. */
  public readonly repository: string;
  /** Tag. */
  public readonly tag: string;
  /** The model it serves, where the catalog knows it. */
  public readonly model?: ModelSpec;
  /** Whose image it is, which decides what it needs of a GPU. */
  public readonly owner: ImageOwner;
  /** What is known of this NIM release, where a source names it. */
  public readonly release?: NimRelease;

  protected constructor(repository: string, tag: string, owner: ImageOwner, model?: ModelSpec, release?: NimRelease) {
    this.repository = repository;
    this.tag = tag;
    this.model = model;
    this.owner = owner;
    this.release = release;
  }

  /** Repository and tag, as one reference. */
  public get reference(): string {
    return `${this.repository}:${this.tag}`;
  }

  /**
   * First number of a NIM's version, or undefined for other images: 1 has TensorRT-LLM and vLLM, 2 no TensorRT-LLM.
   *
   * @internal
   */
  public get _nimLine(): number | undefined {
    const major = this.repository.startsWith('nvcr.io/nim/') ? /^(\d+)\./.exec(this.tag)?.[1] : undefined;
    return major === undefined ? undefined : Number(major);
  }

  /**
   * Refuses a pool whose GPU the image holds no code for, as far as that is known.
   *
   * @internal
   */
  public _checkGpu(_scope: Construct, _pool: IGpuNodePool): void {}

  /** @internal */
  public _check(scope: Construct): void {
    if (
      !/^[a-z0-9.:-]+(\/[a-z0-9]+([._-]+[a-z0-9]+)*)+$/.test(this.repository) &&
      !this.repository.includes('${Token[')
    ) {
      refuse(scope, {
        what: 'image repository',
        given: this.repository,
        allowed: 'registry, path and name in lower case, without a tag',
        fix: "write ServingImage.nim('meta/llama-3.1-8b-instruct', { tag: '2.0.6' })",
      });
    }
    if (this.tag === 'latest' || !(/^\w[\w.-]{0,127}$/.test(this.tag) || this.tag.includes('${Token['))) {
      refuse(scope, {
        what: 'image tag',
        given: this.tag,
        allowed: 'a tag that names one version',
        fix: `write the version, for example tag: '${NimRelease.all().at(-1)?.tag ?? '2.0.6'}'`,
      });
    }
  }
}
