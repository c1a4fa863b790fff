import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** One number of the server's, read when it is asked for. `name` ends in its unit (`_total`, `_bytes`, `_seconds`). */
export type Reading = {
  readonly name: string;
  readonly help: string;
  /** `counter`: never falls while the server runs. */
  readonly kind: 'counter' | 'gauge';
  read(): number | Promise<number>;
};

/** Numbers of one kind, told apart by labels; a gauge. Which labels there are is bounded. */
export type LabelledReading = Pick<Reading, 'name' | 'help'> & {
  readonly labelNames: readonly string[];
  read(): Promise<readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[]>;
};

/**
 * The numbers of `GET /metrics` (Prometheus text format 0.0.4): Node's process, the API's requests, and whatever
 * readings the parts of the server add. One per server; holds no timer and nothing to close.
 */
export class Metrics {
  readonly #registry = new Registry();
  readonly #requests: Histogram<'method' | 'route' | 'status'>;

  constructor(readings: readonly Reading[] = []) {
    collectDefaultMetrics({ register: this.#registry });
    this.#requests = new Histogram({
      name: 'livereel_api_request_duration_seconds',
      help: 'Time to answer requests of the API, by route and status',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.02, 0.2, 2],
      registers: [this.#registry],
    });
    for (const reading of readings) this.add(reading);
  }

  /** @throws when the name was added before. */
  add({ name, help, kind, read }: Reading): void {
    if (kind === 'gauge') {
      new Gauge({
        name,
        help,
        registers: [this.#registry],
        async collect() {
          this.set(await read());
        },
      });
      return;
    }
    // A counter of prom-client only goes up by steps; ours is counted elsewhere.
    new Counter({
      name,
      help,
      registers: [this.#registry],
      async collect() {
        const value = await read();
        this.reset();
        this.inc(value);
      },
    });
  }

  /** The same of several numbers at once. @throws when the name was added before. */
  addLabelled({ name, help, labelNames, read }: LabelledReading): void {
    new Gauge({
      name,
      help,
      labelNames: [...labelNames],
      registers: [this.#registry],
      async collect() {
        const readings = await read();
        this.reset();
        for (const { labels, value } of readings) this.set(labels, value);
      },
    });
  }

  /** `route` is the pattern (`/api/v1/videos/:id`), never the path: an attacker must not choose how many there are. */
  answered(request: { method: string; route: string; status: number; durationSeconds: number }): void {
    const { method, route, status, durationSeconds } = request;
    this.#requests.observe({ method, route, status }, durationSeconds);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }
}
