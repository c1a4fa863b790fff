import { LivereelError } from '../errors.ts';

// As many come at once when a stream begins in an office behind one address.
const burst = 100;
const perSecond = 10;
const mostAddresses = 10_000;

/** How fast requests that cost something may come from one address. Memory: the newest 10,000 addresses. */
export class RequestPace {
  readonly #nowMillis: () => number;
  /** When all of an address' allowance is there again, milliseconds; in the order of their newest requests. */
  readonly #fullAtMillis = new Map<string, number>();

  constructor(nowMillis: () => number = () => performance.now()) {
    this.#nowMillis = nowMillis;
  }

  /** Another request. @throws LivereelError `too-many-requests`. */
  take(address: string): void {
    const nowMillis = this.#nowMillis();
    const fullAtMillis = Math.max(nowMillis, this.#fullAtMillis.get(address) ?? 0) + 1_000 / perSecond;
    const excessMillis = fullAtMillis - nowMillis - (burst * 1_000) / perSecond;
    if (excessMillis > 0) {
      throw new LivereelError('too-many-requests', 'too many requests from this address: wait a moment', {
        retryAfterSeconds: Math.ceil(excessMillis / 1_000),
      });
    }
    this.#fullAtMillis.delete(address);
    this.#fullAtMillis.set(address, fullAtMillis);
    const [oldest] = this.#fullAtMillis.keys();
    if (this.#fullAtMillis.size > mostAddresses && oldest !== undefined) this.#fullAtMillis.delete(oldest);
  }
}
