import type { Construct } from 'constructs';
import { Engine, type NimProfileFacts, Precision, QosProfile } from '../catalog';
import { type BundledProfile, bundledProfiles } from '../catalog/bundled-profiles';
import { refuse } from '../kube/errors';
import { ImageOwner } from '../plan';
import type { ServingImage } from './serving-image';

/** A profile by what it is. */
export interface NimProfileSelector {
  /** Engine of the profile. */
  readonly engine: Engine;
  /** Number format of the weights. */
  readonly precision: Precision;
  /** GPUs that one replica is split over. */
  readonly tensorParallelism: number;
  /**
   * What the profile was tuned for. vLLM and SGLang profiles carry no such tag.
   *
   * @default - QosProfile.THROUGHPUT for TensorRT-LLM, none for other engines
   */
  readonly qosProfile?: QosProfile;
}

/** What the id of a profile does not say. */
export interface NimProfileIdOptions {
  /** GPUs that one replica is split over, the profile's `tp` tag. */
  readonly tensorParallelism: number;
  /**
   * Number format of the weights.
   *
   * @default - not known: memory and the startup probe are not derived from the model's size
   */
  readonly precision?: Precision;
}

/**
 * Which profile of an image is downloaded and served: one engine, precision and number of GPUs.
 *
 * An id is exact. A selector is complete, so that no GPU node has to exist when the model is cached and no second
 * variant is downloaded.
 */
export class NimProfile {
  /** The profile with this id, 64 hex digits, as `list-model-profiles` of the image prints it. */
  public static fromId(id: string, options: NimProfileIdOptions): NimProfile {
    return new NimProfile({ id, ...options });
  }

  /** The profile with these tags. */
  public static select(selector: NimProfileSelector): NimProfile {
    const tuned = selector.engine === Engine.TENSORRT_LLM ? QosProfile.THROUGHPUT : undefined;
    return new NimProfile({ ...selector, qosProfile: selector.qosProfile ?? tuned });
  }

  /** The profile that this project's serving image has for its model: bf16 on one GPU. */
  public static own(): NimProfile {
    return new NimProfile({ precision: Precision.BF16, tensorParallelism: 1 });
  }

  /** Id, where the profile is named by it. */
  public readonly id?: string;
  /** Engine, where known. */
  public readonly engine?: Engine;
  /** Number format of the weights, where known. */
  public readonly precision?: Precision;
  /** What the profile was tuned for, where it is. */
  public readonly qosProfile?: QosProfile;
  /** GPUs that one replica is split over. */
  public readonly tensorParallelism: number;

  private constructor(tags: Partial<NimProfileSelector> & NimProfileIdOptions & { id?: string }) {
    this.id = tags.id;
    this.engine = tags.engine;
    this.precision = tags.precision;
    this.qosProfile = tags.qosProfile;
    this.tensorParallelism = tags.tensorParallelism;
  }

  /** A short name for people and for folders, such as `vllm-bf16-tp1`. */
  public get label(): string {
    const tags = [this.engine, this.precision, `tp${this.tensorParallelism}`];
    return this.id ? this.id.slice(0, 12) : tags.filter((tag) => tag !== undefined).join('-');
  }

  /** Whether a profile that a source names is this one, by its tags. */
  public describes(facts: NimProfileFacts): boolean {
    return (
      facts.engine === this.engine &&
      facts.precision === this.precision &&
      facts.tensorParallelism === this.tensorParallelism &&
      facts.qosProfile === this.qosProfile
    );
  }

  /**
   * What a source says of this profile of an image, if one does.
   *
   * @internal
   */
  public _factsOf(image: ServingImage): NimProfileFacts | undefined {
    return image.release?.profiles.find((known) => this.describes(known));
  }

  /**
   * The exact profile, where the image's list is this project's own: its manifest holds many models, which no tag tells apart.
   *
   * @internal
   */
  public _idIn(image: ServingImage): string | undefined {
    return this.id ?? this.bundledFor(image)?.id;
  }

  private bundledFor({ owner, model }: ServingImage): BundledProfile | undefined {
    const { id, engine, precision, qosProfile, tensorParallelism } = this;
    const fits = (engine ?? Engine.VLLM) === Engine.VLLM && qosProfile === undefined && tensorParallelism === 1;
    return owner !== ImageOwner.OWN
      ? undefined
      : bundledProfiles().find(
          (bundled) =>
            bundled.model === model?.id &&
            (id === undefined ? fits && bundled.precision === precision : bundled.id === id),
        );
  }

  /**
   * Refuses a profile that the manifest of this project's image lacks.
   *
   * @internal
   */
  public _checkBundled(scope: Construct, image: ServingImage): void {
    if (image.owner !== ImageOwner.OWN || this.bundledFor(image)) {
      return;
    }
    const { model } = image;
    const known = bundledProfiles().find((bundled) => bundled.model === model?.id);
    if (!known) {
      refuse(scope, {
        what: 'model of the image',
        given: model?.id,
        allowed: `a model that its manifest lists, such as ${bundledProfiles()[0].model}`,
        fix: "write model: ModelSpec.find('meta/llama-3.1-8b-instruct'), or name a checkpoint: source: ModelSource.huggingFace(...)",
      });
    }
    refuse(scope, {
      what: 'profile',
      given: this.id ?? [this.label, this.qosProfile].filter((part) => part !== undefined).join('-'),
      allowed: `${known.precision}-tp1 (${known.id}), which is all that the image has for ${known.model}`,
      fix: 'write profile: NimProfile.own()',
    });
  }

  /** @internal */
  public _check(scope: Construct, image: ServingImage): void {
    const { id, tensorParallelism, engine } = this;
    if (id !== undefined && !/^[0-9a-f]{64}$/.test(id)) {
      refuse(scope, {
        what: 'profile id',
        given: id,
        allowed: '64 hex digits',
        fix: `run list-model-profiles in ${image.reference} and copy the id, or write NimProfile.select({ ... })`,
      });
    }
    if (!Number.isInteger(tensorParallelism) || tensorParallelism < 1) {
      refuse(scope, {
        what: 'tensorParallelism',
        given: tensorParallelism,
        allowed: 'a whole number of 1 or more',
        fix: 'write tensorParallelism: 1',
      });
    }
    if (engine === Engine.TENSORRT_LLM && (image._nimLine ?? 1) >= 2) {
      refuse(scope, {
        what: 'engine',
        given: engine,
        allowed: `${Engine.VLLM} or ${Engine.SGLANG} with ${image.reference}: NIM 2.0 dropped TensorRT-LLM profiles`,
        fix: 'write engine: Engine.VLLM, or use an image of the 1.x line',
      });
    }
    if (this.qosProfile && engine && engine !== Engine.TENSORRT_LLM) {
      refuse(scope, {
        what: 'qosProfile',
        given: this.qosProfile,
        allowed: `nothing with engine ${engine}, whose profiles carry no such tag`,
        fix: 'leave qosProfile out: with it no profile is selected and the cache retries for ever',
      });
    }
  }
}
