import type { VideoEvents } from '../events/video-events.ts';

// Everyone is told of everyone: a thousand who come at once are one event, not a million.
const tellMillis = 1_000;

type Counted = { count: number; timer: NodeJS.Timeout | null; toldCount: number };

/** How many watch each video, by whatever kind of event stream; tells it at most once a second. */
export class ViewerCounts {
  readonly #events: VideoEvents;
  readonly #videos = new Map<string, Counted>();

  constructor(events: VideoEvents) {
    this.#events = events;
  }

  /** How many watch video `id` now. */
  of(id: string): number {
    return this.#videos.get(id)?.count ?? 0;
  }

  /** One more watches; returns how to say that it does no longer. */
  add(id: string): () => void {
    this.#change(id, 1);
    let isGone = false;
    return () => {
      if (!isGone) this.#change(id, -1);
      isGone = true;
    };
  }

  /** Tells nothing more. */
  close(): void {
    for (const { timer } of this.#videos.values()) if (timer !== null) clearTimeout(timer);
    this.#videos.clear();
  }

  #change(id: string, by: number): void {
    const counted = this.#videos.get(id) ?? { count: 0, timer: null, toldCount: 0 };
    this.#videos.set(id, counted);
    counted.count += by;
    if (counted.timer === null) this.#tell(id, counted);
  }

  #tell(id: string, counted: Counted): void {
    counted.timer = null;
    if (counted.count === counted.toldCount) {
      if (counted.count === 0) this.#videos.delete(id);
      return;
    }
    counted.toldCount = counted.count;
    counted.timer = setTimeout(() => this.#tell(id, counted), tellMillis);
    this.#events.report({ event: 'viewers', data: { id, count: counted.count } });
  }
}
