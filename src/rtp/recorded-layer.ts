import type { IncomingSource } from './incoming-source.ts';

// A layer that is silent for so long, while others go on, is not sent any more.
const silentMillis = 1_000;
const picturesMeanwhile = 3;
const mostSources = 16;
// Once a layer has failed, a better one must have come for so long before it is trusted: each change costs viewers of
// the recording a new header.
const trustAfterMillis = 5_000;

/**
 * Which layer of simulcast is recorded: the best that really comes. It changes only at key frames. It also knows
 * which layer is the best, by the size of the pictures: offers list layers in either order.
 */
export class RecordedLayer {
  #source: IncomingSource | null = null;
  /** The source is chosen, but its key frame has not come. */
  #isWaiting = false;
  #hasFailed = false;
  #isBestFirst = false;
  /** Whole pictures of others since the last one of the recorded source. */
  readonly #picturesSince = new Map<IncomingSource, number>();

  /** What is recorded, or will be from its next key frame on; null until the first key frame of all. */
  get source(): IncomingSource | null {
    return this.#source;
  }

  /** From 0 for the smallest. */
  layerOf({ media, layerIndex }: IncomingSource): number {
    const layers = Math.max(1, media.streamIds.length, media.sources.length);
    return this.#isBestFirst ? Math.max(0, layers - 1 - layerIndex) : layerIndex;
  }

  /** Whether the next key frame of a source is needed to record it: what is recorded already does not need one. */
  needsKeyFrame(source: IncomingSource, nowMillis: number): boolean {
    if (this.#source === source) return this.#isWaiting || source.needsKeyFrame;
    return this.#isBetter(source, nowMillis);
  }

  /** Whether a whole picture is to be recorded. */
  takes(source: IncomingSource, isKey: boolean, all: Iterable<IncomingSource>, nowMillis: number): boolean {
    if (isKey) this.#takeKeyFrame(source, [...all], nowMillis);
    if (this.#source !== source || this.#isWaiting) {
      this.#countMeanwhile(source);
      return false;
    }
    this.#picturesSince.clear();
    return true;
  }

  /** Changes to the best of the others when the recorded layer has stopped and they have not. */
  leaveSilent(all: Iterable<IncomingSource>, nowMillis: number): void {
    if (this.#source === null || nowMillis - this.#source.lastPacketMillis < silentMillis) return;
    let best: IncomingSource | null = null;
    for (const source of all) {
      if (source === this.#source || (this.#picturesSince.get(source) ?? 0) < picturesMeanwhile) continue;
      if (best === null || this.layerOf(source) > this.layerOf(best)) best = source;
    }
    if (best === null) return;
    this.#source = best;
    this.#isWaiting = true;
    this.#hasFailed = true;
    this.#picturesSince.clear();
  }

  #countMeanwhile(source: IncomingSource): void {
    // Sources that come and go must not be remembered for ever.
    if (this.#picturesSince.size > mostSources) this.#picturesSince.clear();
    this.#picturesSince.set(source, (this.#picturesSince.get(source) ?? 0) + 1);
  }

  #takeKeyFrame(source: IncomingSource, all: readonly IncomingSource[], nowMillis: number): void {
    this.#compareSizes(source, all);
    const isGone = this.#source !== null && !all.includes(this.#source);
    if (!isGone && this.#source !== source && !this.#isBetter(source, nowMillis)) return;
    this.#source = source;
    this.#isWaiting = false;
  }

  #isBetter(source: IncomingSource, nowMillis: number): boolean {
    if (this.#source === null) return true;
    if (this.layerOf(source) <= this.layerOf(this.#source)) return false;
    return !this.#hasFailed || nowMillis - source.steadySinceMillis >= trustAfterMillis;
  }

  /** Layers that shrink as they are listed: the offer lists the best first. */
  #compareSizes(source: IncomingSource, all: readonly IncomingSource[]): void {
    for (const other of all) {
      if (other === source || other.pictureArea === 0 || other.media !== source.media) continue;
      if (other.pictureArea === source.pictureArea) continue;
      this.#isBestFirst = other.pictureArea > source.pictureArea === other.layerIndex < source.layerIndex;
    }
  }
}
