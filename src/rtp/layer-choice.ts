/** Above this a viewer's pictures come late or not at all, retransmissions or not. */
const badLossFraction = 0.1;
/** What came before a change of layer is reported for a while after it. */
const settleMillis = 2_000;
const firstWaitMillis = 5_000;
const longestWaitMillis = 60_000;
/** A try that fails within this time was a mistake; the next one waits twice as long. */
const trialMillis = 10_000;
const windowMillis = 1_000;
/** An estimate that fell by as much tells of a queue that grows. */
const fallenEstimate = 0.93;

/**
 * Which of a publisher's simulcast layers a viewer is sent: the best that comes, down at once when the viewer loses
 * packets or says that its network fills up, up again by one after a while of peace, later each time it was too early.
 *
 * A viewer's estimate is only believed when it falls: it never says much more than what it is sent.
 */
export class LayerChoice {
  readonly #rates: { bytes: number; bitsPerSecond: number }[] = [];
  #windowMillis: number | null = null;
  #most = Number.POSITIVE_INFINITY;
  #waitMillis = firstWaitMillis;
  #changedMillis = Number.NEGATIVE_INFINITY;
  #peaceMillis: number | null = null;
  #raisedMillis = Number.NEGATIVE_INFINITY;
  #lastEstimate = 0;

  /** The layer to be sent; changes with what comes and what is reported. Null while nothing comes. */
  get target(): number | null {
    let best: number | null = null;
    for (const [layer, { bitsPerSecond, bytes }] of this.#rates.entries()) {
      if (bitsPerSecond === 0 && bytes === 0) continue;
      if (best === null || layer <= this.#most) best = layer;
    }
    return best;
  }

  /** A packet of a layer came. */
  came(layer: number, bytes: number): void {
    // Publishers with more layers than four are not agreed with.
    if (layer < 0 || layer > 7) return;
    while (this.#rates.length <= layer) this.#rates.push({ bytes: 0, bitsPerSecond: 0 });
    (this.#rates[layer] as { bytes: number }).bytes += bytes;
  }

  /** A viewer's receiver report: 0 to 1. */
  loss(fraction: number, nowMillis: number): void {
    if (fraction > badLossFraction) this.#lower((this.target ?? 0) - 1, nowMillis);
  }

  /** A viewer's estimate of what its network carries. */
  estimate(bitsPerSecond: number, nowMillis: number): void {
    const hasFallen = bitsPerSecond < this.#lastEstimate * fallenEstimate;
    this.#lastEstimate = bitsPerSecond;
    const { target } = this;
    if (!hasFallen || target === null || bitsPerSecond >= this.#rateOf(target)) return;
    let fitting = target - 1;
    while (fitting > 0 && this.#rateOf(fitting) > bitsPerSecond) fitting -= 1;
    this.#lower(fitting, nowMillis);
  }

  /** To be called several times a second. */
  tick(nowMillis: number): void {
    this.#windowMillis ??= nowMillis;
    this.#peaceMillis ??= nowMillis;
    const passedMillis = nowMillis - this.#windowMillis;
    if (passedMillis >= windowMillis) {
      for (const rate of this.#rates) {
        rate.bitsPerSecond = (rate.bytes * 8_000) / passedMillis;
        rate.bytes = 0;
      }
      this.#windowMillis = nowMillis;
    }
    const { target } = this;
    if (target === null || target >= this.#best()) return;
    if (nowMillis - this.#peaceMillis < this.#waitMillis) return;
    this.#most = target + 1;
    this.#raisedMillis = nowMillis;
    this.#changedMillis = nowMillis;
    this.#peaceMillis = nowMillis;
  }

  #lower(layer: number, nowMillis: number): void {
    this.#peaceMillis = nowMillis;
    if (nowMillis - this.#changedMillis < settleMillis || layer < 0) return;
    const wasTrial = nowMillis - this.#raisedMillis < trialMillis;
    this.#waitMillis = wasTrial ? Math.min(longestWaitMillis, this.#waitMillis * 2) : firstWaitMillis;
    this.#most = layer;
    this.#changedMillis = nowMillis;
  }

  #best(): number {
    return this.#rates.findLastIndex(({ bitsPerSecond, bytes }) => bitsPerSecond > 0 || bytes > 0);
  }

  #rateOf(layer: number): number {
    return this.#rates[layer]?.bitsPerSecond ?? 0;
  }
}
