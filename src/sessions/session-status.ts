import type { VideoState } from '../api/session.ts';
import { stateEvent, type VideoEvents } from '../events/video-events.ts';
import type { Log } from '../log.ts';
import type { MediaTracks } from '../media/container.ts';
import type { SessionChanges, SessionRecords } from './session-records.ts';

/**
 * A session's state as others see it: in memory at once, in the record and to listeners after. Changes reach the
 * record one after another and never hold up the stream. Owned by its session.
 */
export class SessionStatus {
  readonly #id: string;
  readonly #records: SessionRecords;
  readonly #events: VideoEvents;
  readonly #log: Log;
  #state: VideoState;
  #changes: Promise<unknown> = Promise.resolve();

  constructor(
    id: string,
    state: VideoState,
    parts: { records: SessionRecords; events: VideoEvents; log: Log },
  ) {
    this.#id = id;
    this.#state = state;
    this.#records = parts.records;
    this.#events = parts.events;
    this.#log = parts.log;
  }

  get state(): VideoState {
    return this.#state;
  }

  /** Goes on to `state` and tells everyone. */
  enter(state: VideoState): void {
    this.#state = state;
    this.change({ state });
    this.#events.report(stateEvent(this.#id, state));
  }

  /** Changes what else the record says. */
  change(changes: SessionChanges): void {
    this.#changes = this.#changes
      .then(() => this.#records.update(this.#id, changes))
      .catch(error => this.#log.error({ err: error, changes }, 'record not updated'));
  }

  /** The stream holds these. */
  holds({ video, audio }: MediaTracks): void {
    this.change({ videoCodec: video?.codec ?? null, audioCodec: audio?.codec ?? null });
  }

  /** Resolves when the record says all that it was told. */
  async settled(): Promise<void> {
    await this.#changes;
  }

  /** Removes the record. */
  async remove(): Promise<void> {
    await this.#changes;
    await this.#records
      .remove(this.#id)
      .catch(error => this.#log.error({ err: error }, 'record not removed'));
  }
}
