import type { CaptioningState } from '../captions/caption-sink.ts';
import type { VideoEvents } from '../events/video-events.ts';

/** What a publisher is told of its captions. */
export type CaptionWarning = {
  readonly code: 'captions-delayed' | 'captions-paused';
  /** For a person. */
  readonly message: string;
};

const warnings: Readonly<Record<CaptioningState, CaptionWarning | null>> = {
  on: null,
  delayed: {
    code: 'captions-delayed',
    message: 'the server is busy: captions come late; the stream does not',
  },
  paused: {
    code: 'captions-paused',
    message: 'the server is too busy for captions: all of it is captioned once the session is over',
  },
};

/** Tells the publisher of a session when its captions come late, or not yet. Owned by the session. */
export class CaptionWarnings {
  readonly #stop: () => void;
  readonly #tell: (warning: CaptionWarning) => void;
  #state: CaptioningState = 'on';

  constructor(id: string, events: VideoEvents, tell: (warning: CaptionWarning) => void) {
    this.#tell = tell;
    this.#stop = events.listen(id, ({ event, data }) => {
      if (event !== 'captioning' || data.state === 'off' || data.state === this.#state) return;
      this.#state = data.state;
      this.repeat();
    });
  }

  /** How it stands, for a publisher that has just come; nothing when all is well. */
  repeat(): void {
    const warning = warnings[this.#state];
    if (warning !== null) this.#tell(warning);
  }

  /** Tells nothing more. Safe to call twice. */
  close(): void {
    this.#stop();
  }
}
