import { Gpu } from './gpu';
import { Engine, Precision, QosProfile } from './precision';

/** What a source says of one profile of a NIM container release. */
export interface NimProfileFacts {
  /** Inference engine. */
  readonly engine: Engine;
  /** Number format of the weights. */
  readonly precision: Precision;
  /** Number of GPUs that share each layer (tag `tp`). */
  readonly tensorParallelism: number;
  /**
   * What the profile was tuned for (tag `profile`).
   *
   * @default - the profile carries no such tag
   */
  readonly qosProfile?: QosProfile;
  /**
   * The GPU that the profile was built for (tag `gpu`).
   *
   * @default - generic: any GPU with enough memory
   */
  readonly gpu?: Gpu;
  /**
   * Whether the profile serves LoRA adapters (tag `feat_lora`).
   *
   * @default - the source does not say
   */
  readonly lora?: boolean;
  /**
   * Least memory of each GPU in MiB (tag `min_vram_per_device_gb`, read as GiB).
   *
   * @default - the source does not say
   */
  readonly minGpuMemoryMib?: number;
  /** Where these facts are written. */
  readonly source: string;
}

/** A NIM container release of which a public source names profiles: what is known, not all that exists. */
export class NimRelease {
  /** Every release of the catalog, older tags before newer ones. */
  public static all(): NimRelease[] {
    return [...RELEASES];
  }

  /**
   * The release with this model and tag, undefined where the catalog lacks it.
   *
   * @param model publisher and name as NIM serves them, such as `meta/llama-3.1-8b-instruct`
   * @param tag tag of the image, such as `2.0.6`
   */
  public static find(model: string, tag: string): NimRelease | undefined {
    return RELEASES.find((release) => release.model === model && release.tag === tag);
  }

  /** @internal */
  public static _of(model: string, tag: string, facts: ReleaseFacts): NimRelease {
    return new NimRelease(model, tag, facts);
  }

  /** Publisher and name as NIM serves them, which is also the image's path below `nvcr.io/nim/`. */
  public readonly model: string;

  /** Tag of the image. */
  public readonly tag: string;

  /**
   * Size of the image as a registry stores it, in bytes; undefined where no source gives it. For 2.0.6 it is the arm64
   * variant's to three digits; the amd64 variant's is not in the source.
   */
  public readonly compressedImageBytes?: number;

  /** Where the release is described. */
  public readonly source: string;

  private readonly profileFacts: NimProfileFacts[];

  private constructor(model: string, tag: string, facts: ReleaseFacts) {
    this.model = model;
    this.tag = tag;
    this.compressedImageBytes = facts.compressedImageBytes;
    this.source = facts.source;
    this.profileFacts = facts.profiles;
  }

  /** The profiles that the source names, those without LoRA first. */
  public get profiles(): NimProfileFacts[] {
    return [...this.profileFacts];
  }
}

interface ReleaseFacts {
  readonly source: string;
  readonly compressedImageBytes?: number;
  readonly profiles: NimProfileFacts[];
}

const AI_ON_EKS = 'awslabs/ai-on-eks, NVIDIA NIM Operator blueprint: profile of its NIMCache on g5.12xlarge (4 x A10G)';

/** The arm64 variant's list. Ids are left out: nothing shows that the amd64 image has the same ones. */
const CAPTURE_2_0_6 =
  'KhoiMinh47/Chatbot-AI-Local at b4406f10: list-model-profiles of nvcr.io/nim/meta/llama-3.1-8b-instruct:2.0.6 on GB10';

/**
 * The tag `min_vram_per_device_gb` and the text "requires >=33 GB/gpu" mean GiB. A second capture of the bf16 profile
 * says that `--max-model-len=84992` instead of 131072 lowers 33 to 28. At 128 KiB a token that is 5.63 GiB, which leaves
 * 27.4; in GB it is 6.04, which would leave 27 however rounded. GiB is also the reading that asks for more.
 */
const MIB_PER_MIN_VRAM_GB = 1024;

function vllmProfile(precision: Precision, minVramGb: number, lora: boolean): NimProfileFacts {
  return {
    engine: Engine.VLLM,
    precision,
    tensorParallelism: 1,
    lora,
    minGpuMemoryMib: minVramGb * MIB_PER_MIN_VRAM_GB,
    source: CAPTURE_2_0_6,
  };
}

const RELEASES: NimRelease[] = [
  NimRelease._of('meta/llama-3.1-8b-instruct', '1.3.3', {
    source: AI_ON_EKS,
    profiles: [
      {
        engine: Engine.TENSORRT_LLM,
        precision: Precision.FP16,
        tensorParallelism: 2,
        qosProfile: QosProfile.THROUGHPUT,
        gpu: Gpu.A10G,
        lora: false,
        source: AI_ON_EKS,
      },
    ],
  }),
  NimRelease._of('meta/llama-3.1-8b-instruct', '2.0.6', {
    source: CAPTURE_2_0_6,
    compressedImageBytes: 9_880_000_000,
    profiles: [
      vllmProfile(Precision.FP8, 27, false),
      vllmProfile(Precision.BF16, 33, false),
      vllmProfile(Precision.NVFP4, 24, false),
      vllmProfile(Precision.FP8, 27, true),
      vllmProfile(Precision.BF16, 33, true),
      vllmProfile(Precision.NVFP4, 24, true),
    ],
  }),
];
