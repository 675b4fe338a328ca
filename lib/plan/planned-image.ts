import type { NimRelease } from '../catalog';

/** Whose arithmetic says what a model needs. */
export enum ImageOwner {
  /** NVIDIA's NIM: what its profile demands wins over arithmetic. */
  NVIDIA = 'nim',
  /** This project's serving image: the formula of EngineMemory. */
  OWN = 'own',
  /** Any other image: arithmetic alone, as for vLLM. */
  OTHER = 'other',
}

/** What a plan must know of the image that serves. A plan is for an image: engines differ in what they take. */
export class PlannedImage {
  /**
   * An NVIDIA NIM.
   *
   * @param release the release, where the catalog knows it
   */
  public static nim(release?: NimRelease): PlannedImage {
    return new PlannedImage(ImageOwner.NVIDIA, release);
  }

  /** This project's serving image. */
  public static own(): PlannedImage {
    return new PlannedImage(ImageOwner.OWN);
  }

  /** Any other image. */
  public static other(): PlannedImage {
    return new PlannedImage(ImageOwner.OTHER);
  }

  /** Whose arithmetic counts. */
  public readonly owner: ImageOwner;
  /** The release, of a NIM that the catalog knows. */
  public readonly release?: NimRelease;

  private constructor(owner: ImageOwner, release?: NimRelease) {
    this.owner = owner;
    this.release = release;
  }

  /** For people. */
  public get label(): string {
    switch (this.owner) {
      case ImageOwner.NVIDIA:
        return this.release ? `NVIDIA NIM ${this.release.tag}` : 'NVIDIA NIM';
      case ImageOwner.OWN:
        return "this project's image";
      default:
        return 'another image';
    }
  }

  /**
   * Part of a GPU's memory that the engine takes: 0.9 is vLLM's default (`--gpu-memory-utilization`, NIM 2.x) and that of
   * NIM 1.x; our engine takes what its plan says.
   */
  public get memoryShare(): number {
    return this.owner === ImageOwner.OWN ? 1 : 0.9;
  }

  /**
   * Size of the image as a registry stores it, in bytes. For a release whose size no source gives, that of NIM 2.0.6; for
   * ours what it came to, built for all four chips (docs/image.md).
   */
  public get compressedBytes(): number {
    return this.owner === ImageOwner.OWN ? 71.3e6 : (this.release?.compressedImageBytes ?? 9.88e9);
  }

  /**
   * Seconds from process start to ready, weights in the page cache: Llama 3.1 8B took 81 s with NIM 1.x (TensorRT-LLM,
   * two A10G), 136 s with NIM 2.0.6, 33 s with vLLM 0.26 and a warm compile cache (H200), 1.3 s with our image (H200, the
   * container's start included): 2 s leave room for a slower machine.
   */
  public get engineSeconds(): number {
    switch (this.owner) {
      case ImageOwner.NVIDIA:
        return this.release?.tag.startsWith('1.') ? 81 : 136;
      case ImageOwner.OWN:
        return 2;
      default:
        return 33;
    }
  }
}
