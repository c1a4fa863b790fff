import type { VideoEvent } from '../api/event.ts';
import type { VideoState } from '../api/session.ts';
import type { Log } from '../log.ts';

/** That a video has entered a state just now. */
export function stateEvent(id: string, state: VideoState): VideoEvent {
  return { event: 'state', data: { id, state, at: new Date().toISOString() } };
}

type Listener = (event: VideoEvent) => void;

/**
 * What has happened to videos, told in process to whoever listens. Reports, never commands: recording goes on
 * the same with no one listening, and a listener that throws is its own fault: neither who reports nor other listeners
 * notice.
 */
export class VideoEvents {
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #listenersToAll = new Set<Listener>();
  readonly #log: Log;

  constructor(log: Log) {
    this.#log = log;
  }

  /** Tells all who listen to the event's video, or to all. Never throws. */
  report(event: VideoEvent): void {
    for (const listener of [...(this.#listeners.get(event.data.id) ?? []), ...this.#listenersToAll]) {
      try {
        listener(event);
      } catch (error) {
        this.#log.error({ err: error, event: event.event, videoId: event.data.id }, 'a listener failed');
      }
    }
  }

  /** Calls `listener` for each event of video `id`; returns how to stop it. */
  listen(id: string, listener: Listener): () => void {
    const listeners = this.#listeners.get(id) ?? new Set();
    this.#listeners.set(id, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.#listeners.delete(id);
    };
  }

  /** Calls `listener` for each event of every video; returns how to stop it. */
  listenToAll(listener: Listener): () => void {
    // A function of its own: one that listens twice is two.
    const tell: Listener = event => listener(event);
    this.#listenersToAll.add(tell);
    return () => {
      this.#listenersToAll.delete(tell);
    };
  }
}
