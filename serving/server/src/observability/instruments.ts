import type { Registry } from 'prom-client';

export type Labels = Readonly<Record<string, string>>;

/** Labels of a series, asked for at each scrape; undefined: not known yet, and nothing is exposed. */
export type LabelSource = () => Labels | undefined;

/** What a registry of prom-client asks of a metric. */
interface Exposed {
  name: string;
  help: string;
  type: 'counter' | 'histogram';
  values: { metricName?: string; labels: Labels; value: number }[];
  aggregator: 'sum';
}

/**
 * A histogram with fixed labels for each token of each stream: prom-client hashes the labels at every observation, which
 * costs more than the rest of a token together.
 */
export class Histogram {
  private readonly counts: Float64Array;
  private sum = 0;
  private count = 0;

  /** @param bounds upper bounds of the buckets, ascending, without infinity */
  public constructor(
    private readonly name: string,
    private readonly help: string,
    private readonly bounds: readonly number[],
    private readonly labelsOf: LabelSource,
  ) {
    this.counts = new Float64Array(bounds.length);
  }

  public observe(value: number): void {
    this.sum += value;
    this.count++;
    for (let at = 0; at < this.bounds.length; at++) {
      if (value <= (this.bounds[at] as number)) {
        this.counts[at] = (this.counts[at] as number) + 1;
        return;
      }
    }
  }

  public expose(): Exposed {
    const labels = this.labelsOf();
    const values = labels ? this.values(labels) : [];
    return { name: this.name, help: this.help, type: 'histogram', values, aggregator: 'sum' };
  }

  private values(labels: Labels): Exposed['values'] {
    let below = 0;
    const bucket = (le: string, value: number) => ({
      metricName: `${this.name}_bucket`,
      labels: { ...labels, le },
      value,
    });
    return [
      ...this.bounds.map((bound, at) => {
        below += this.counts[at] as number;
        return bucket(String(bound), below);
      }),
      bucket('+Inf', this.count),
      { metricName: `${this.name}_sum`, labels, value: this.sum },
      { metricName: `${this.name}_count`, labels, value: this.count },
    ];
  }
}

/** A counter whose last label varies. */
export class Counter {
  private readonly totals = new Map<string, number>();

  public constructor(
    private readonly name: string,
    private readonly help: string,
    private readonly labelsOf: LabelSource,
    /** Name of the label that varies, and the values that are there from the start. */
    private readonly varying?: { readonly label: string; readonly values: readonly string[] },
  ) {
    for (const value of varying?.values ?? ['']) {
      this.totals.set(value, 0);
    }
  }

  public add(amount: number, value = ''): void {
    this.totals.set(value, (this.totals.get(value) ?? 0) + amount);
  }

  public expose(): Exposed {
    const labels = this.labelsOf();
    const series = labels ? [...this.totals] : [];
    const values = series.map(([value, total]) => ({
      labels: { ...labels, ...(this.varying && { [this.varying.label]: value }) },
      value: total,
    }));
    return { name: this.name, help: this.help, type: 'counter', values, aggregator: 'sum' };
  }
}

/** Registers an instrument under its name. */
export function register<T extends Histogram | Counter>(registry: Registry, instrument: T): T {
  const { name } = instrument.expose();
  // prom-client calls get() and nothing else of a metric when it is scraped.
  registry.registerMetric({ name, get: async () => instrument.expose() } as never);
  return instrument;
}
