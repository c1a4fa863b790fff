import type { IncomingSource } from './incoming-source.ts';

// A layer that is silent for so long, while others go on, is not sent any more.
const silentMillis = 1_000;
const picturesMeanwhile = 3;
// Once a layer has failed, a better one must have come for so long before it is trusted: each change costs viewers of
// the recording a new header.
const trustAfterMillis = 5_000;

/**
 * Which layer of simulcast is recorded: the best that really comes. It changes only at key frames. It also knows
 * which layer is the best, by the size of the pictures: offers list layers in either order.
 */
export class RecordedLayer {
  #source: IncomingSource | null = null;
  #hasFailed = false;
  #isBestFirst = false;
  /** Whole pictures of others since the last one of the recorded source. */
  readonly #picturesSince = new Map<IncomingSource, number>();

  /** What is recorded; null until the first key frame, and while another layer is being changed to. */
  get source(): IncomingSource | null {
    return this.#source;
  }

  /** From 0 for the smallest. */
  layerOf({ media, layerIndex }: IncomingSource): number {
    const layers = Math.max(1, media.streamIds.length, media.sources.length);
    return this.#isBestFirst ? Math.max(0, layers - 1 - layerIndex) : layerIndex;
  }

  /** Whether a key frame of this source would be recorded. */
  wants(source: IncomingSource, nowMillis: number): boolean {
    if (this.#source === null || this.#source === source) return true;
    if (this.layerOf(source) <= this.layerOf(this.#source)) return false;
    return !this.#hasFailed || nowMillis - source.steadySinceMillis >= trustAfterMillis;
  }

  /** Whether a whole picture is to be recorded. */
  takes(source: IncomingSource, isKey: boolean, all: Iterable<IncomingSource>, nowMillis: number): boolean {
    if (isKey) {
      this.#compareSizes(source, all);
      if (this.wants(source, nowMillis)) this.#source = source;
    }
    if (this.#source !== source) {
      this.#picturesSince.set(source, (this.#picturesSince.get(source) ?? 0) + 1);
      return false;
    }
    this.#picturesSince.clear();
    return true;
  }

  /** Gives the recorded layer up when it has stopped and others have not, or another source took its place. */
  leaveSilent(all: Iterable<IncomingSource>, nowMillis: number): void {
    const recorded = this.#source;
    if (recorded === null) return;
    const sources = [...all];
    const isGone = !sources.includes(recorded);
    if (!isGone && nowMillis - recorded.lastPacketMillis < silentMillis) return;
    const goOn = sources.filter(source => (this.#picturesSince.get(source) ?? 0) >= picturesMeanwhile);
    if (!isGone && goOn.length === 0) return;
    this.#source = null;
    this.#hasFailed = !isGone;
    this.#picturesSince.clear();
    for (const source of goOn) source.keyFrameWish.want();
  }

  /** Layers that shrink as they are listed: the offer lists the best first. */
  #compareSizes(source: IncomingSource, all: Iterable<IncomingSource>): void {
    for (const other of all) {
      if (other === source || other.pictureArea === 0 || other.media !== source.media) continue;
      if (other.pictureArea === source.pictureArea) continue;
      this.#isBestFirst = other.pictureArea > source.pictureArea === other.layerIndex < source.layerIndex;
    }
  }
}
