import type { Generator } from '../generation/port.js';
import type { Health } from '../routes/health.js';

export interface WatchdogOptions {
  /** Milliseconds that one step may take. The longest step computes one chunk of a prompt. */
  readonly stuckAfterMs?: number;
}

const LOOK_EVERY_MS = 100;

/**
 * Health by the engine's progress: a step that does not end makes the server neither ready nor live, although this process
 * still answers. Kubernetes then restarts the pod, which is the only cure.
 */
export class Watchdog implements Health {
  private generator: Generator | undefined;
  private draining = false;
  private readonly stuckAfterMs: number;

  public constructor(options: WatchdogOptions = {}) {
    this.stuckAfterMs = options.stuckAfterMs ?? 30_000;
  }

  /** The engine is there: from now on its progress counts. */
  public watch(generator: Generator): void {
    this.generator = generator;
  }

  /** No further requests are wanted. */
  public drain(): void {
    this.draining = true;
  }

  public live(): boolean {
    const stats = this.generator?.stats();
    return (
      stats === undefined ||
      (stats.health !== 'unhealthy' && stats.health !== 'stopped' && stats.busyMs < this.stuckAfterMs)
    );
  }

  /** Resolves once the engine has given up, which it does not come back from. */
  public givenUp(): Promise<void> {
    return new Promise((resolve) => {
      const look = setInterval(() => {
        const health = this.generator?.stats().health;
        if (health === 'unhealthy' || health === 'stopped') {
          clearInterval(look);
        }
        if (health === 'unhealthy') {
          resolve();
        }
      }, LOOK_EVERY_MS).unref();
    });
  }

  public ready(): boolean {
    return this.generator !== undefined && !this.draining && this.generator.stats().health === 'ready' && this.live();
  }
}
