import { LivereelError } from '../errors.ts';
import { MediaPlaylist } from './media-playlist.ts';
import { renderMultivariantPlaylist } from './multivariant-playlist.ts';
import type { Rendition } from './rendition.ts';
import type { SubtitleGroup } from './subtitle-group.ts';

/** What a player asks for (rfc8216bis, section 6.2.5). */
export type PlaylistRequest = {
  /** `_HLS_msn`: answer when this segment is in the playlist; null: at once. */
  readonly segment: number | null;
  /** `_HLS_part`: or this part of it. */
  readonly part: number | null;
  /** `_HLS_skip=YES`. */
  readonly isDelta: boolean;
};

/** A moment of the live edge that has not come, and all that wait for it: one promise and one timer for all. */
type Gate = {
  readonly segment: number;
  readonly part: number | null;
  readonly opened: Promise<void>;
  readonly open: () => void;
  readonly refuse: (error: LivereelError) => void;
};

// "If the _HLS_msn is greater than the Media Sequence Number of the last Media Segment in the current Playlist
// plus two … the server SHOULD return Bad Request" (section 6.2.5.2).
const segmentsAhead = 2;
// "… or if the _HLS_part exceeds the last Partial Segment in the current Playlist by the Advance Part Limit".
const partsAheadSeconds = 3;
// "If the server … takes longer than three Target Durations … 503" (section 6.2.5.2). Whoever came later waits less.
const longestHoldTargetDurations = 3;

/**
 * A live rendition as players see it: playlists rendered once for all who wait, requests held until what they
 * name exists. A request that waits owns nothing, and cannot be given up: an `AbortSignal` for each of thousands that
 * ask five times a second costs more than their answers. What comes for a client that is gone is dropped by its response.
 */
export class LivePlaylist {
  readonly #rendition: Rendition;
  readonly #media: MediaPlaylist;
  readonly #onRender: () => void;
  readonly #subtitles: () => SubtitleGroup | null;
  readonly #gates = new Map<string, Gate>();
  #rendered: { full: Buffer | null; delta: Buffer | null } = { full: null, delta: null };
  #failure: LivereelError | null = null;

  /**
   * `onRender` is told of every rendering, for the metrics. `subtitles`: there is a subtitle rendition beside it, and
   * this tells its language, as far as it is known; null while there is none.
   */
  constructor(
    rendition: Rendition,
    onRender: () => void,
    subtitles: () => SubtitleGroup | null = () => null,
  ) {
    this.#rendition = rendition;
    this.#media = new MediaPlaylist(rendition);
    this.#onRender = onRender;
    this.#subtitles = subtitles;
  }

  /** To be called whenever the rendition grew or ended: answers all that waited for it. */
  published(): void {
    this.#rendered = { full: null, delta: null };
    for (const gate of this.#gates.values()) {
      if (this.#rendition.has(gate.segment, gate.part)) gate.open();
    }
  }

  /**
   * The media playlist, once it holds what is asked for.
   * @throws LivereelError `part-too-far-ahead`, `bad-request`; as `until`.
   */
  async media(request: PlaylistRequest): Promise<Buffer> {
    const { segment, part } = request;
    if (segment === null && part !== null) {
      throw new LivereelError('bad-request', '_HLS_part needs _HLS_msn beside it');
    }
    if (!this.#rendition.isPlayable) await this.until(0, 0);
    if (segment !== null && !this.#rendition.isEnded) {
      if (this.#isTooFarAhead(segment, part)) {
        throw new LivereelError('part-too-far-ahead', 'this is too far ahead of the live edge');
      }
      await this.until(segment, part);
    }
    return this.#render(request.isDelta);
  }

  /** The multivariant playlist, once there is something to play. @throws as `until`. */
  async multivariant(): Promise<Buffer> {
    if (!this.#rendition.isPlayable) await this.until(0, 0);
    return Buffer.from(renderMultivariantPlaylist(this.#rendition, this.#subtitles()));
  }

  /**
   * Resolves when the part (the whole segment with `part` null) is published or the rendition has ended.
   * @throws LivereelError `playlist-not-ready` when nothing came in three target durations; `session-closed` when the
   * server lets go.
   */
  until(segment: number, part: number | null): Promise<void> {
    if (this.#rendition.has(segment, part)) return Promise.resolve();
    if (this.#failure !== null) return Promise.reject(this.#failure);
    const key = `${segment}.${part}`;
    const known = this.#gates.get(key);
    if (known !== undefined) return known.opened;
    const gate = this.#newGate(key, segment, part);
    this.#gates.set(key, gate);
    return gate.opened;
  }

  /** Refuses all that wait and will wait. */
  close(error: LivereelError): void {
    this.#failure = error;
    for (const gate of this.#gates.values()) gate.refuse(error);
  }

  #newGate(key: string, segment: number, part: number | null): Gate {
    let open: () => void = () => undefined;
    let refuse: (error: LivereelError) => void = () => undefined;
    const opened = new Promise<void>((resolve, reject) => {
      open = resolve;
      refuse = reject;
    });
    const longestMillis = longestHoldTargetDurations * this.#rendition.targetDurationSeconds * 1_000;
    const timer = setTimeout(() => settle(() => refuse(nothingCame)), longestMillis);
    const settle = (how: () => void) => {
      clearTimeout(timer);
      this.#gates.delete(key);
      how();
    };
    return { segment, part, opened, open: () => settle(open), refuse: error => settle(() => refuse(error)) };
  }

  #isTooFarAhead(segment: number, part: number | null): boolean {
    const { next, partTargetSeconds } = this.#rendition;
    if (segment > next.segment + segmentsAhead) return true;
    const partsAhead =
      partTargetSeconds < 1 ? Math.ceil(partsAheadSeconds / (partTargetSeconds || 1)) : partsAheadSeconds;
    const known =
      segment === next.segment ? next.part : (this.#rendition.segment(segment)?.parts.length ?? 0);
    return segment >= next.segment - 1 && part !== null && part >= known + partsAhead;
  }

  #render(isDelta: boolean): Buffer {
    const kind = isDelta ? 'delta' : 'full';
    const held = this.#rendered[kind];
    if (held !== null) return held;
    this.#onRender();
    const bytes = Buffer.from(this.#media.render(isDelta));
    this.#rendered[kind] = bytes;
    return bytes;
  }
}

const nothingCame = new LivereelError('playlist-not-ready', 'nothing new came in time: try again', {
  retryAfterSeconds: 1,
});
