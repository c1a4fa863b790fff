import type { PublishError } from '../../client/publish-error.ts';
import { WhepPlayer, type WhepPlayerState } from '../../client/whep-player.ts';
import { type LiveClock, shownSeconds } from '../elements/live-clock.ts';
import type { Playback } from './playback.ts';

/**
 * Plays a live video by WHEP in a video element: only what is newest, at speed 1. It cannot seek; whoever wants to is
 * played something else. Event `change`.
 */
export class WhepPlayback extends EventTarget implements Playback {
  readonly video: HTMLVideoElement;
  readonly rate = 1;
  readonly isLive = true;
  readonly #player: WhepPlayer;
  #clock: LiveClock | undefined;
  #isHeld = false;
  #lastSeconds: number | undefined;

  constructor(video: HTMLVideoElement, url: string) {
    super();
    this.video = video;
    // The page's event stream is counted, and one viewer is one.
    const uncounted = new URL(url);
    uncounted.searchParams.set('viewer', '0');
    this.#player = new WhepPlayer(uncounted.href, video);
    this.#player.addEventListener('change', () => this.dispatchEvent(new Event('change')));
  }

  get state(): WhepPlayerState {
    return this.#player.state;
  }

  /** Why it has failed. */
  get error(): PublishError | undefined {
    return this.#player.error;
  }

  get isAtLive(): boolean {
    return !this.video.paused;
  }

  get isWaiting(): boolean {
    return this.#player.state === 'reconnecting' && !this.#isHeld;
  }

  get latencySeconds(): number {
    return this.#player.latencySeconds ?? 0;
  }

  get positionSeconds(): number | undefined {
    const now = this.#player.serverNowMillis;
    // What is not sent does not go on, though the clock does.
    if (this.#clock !== undefined && now !== undefined && !this.#isHeld && !this.video.paused)
      this.#lastSeconds = shownSeconds(this.#clock, now, this.latencySeconds);
    return this.#lastSeconds;
  }

  get endSeconds(): number {
    return (this.positionSeconds ?? 0) + this.latencySeconds;
  }

  /** Where the stream stands; without it nobody knows the position. */
  set clock(clock: LiveClock | undefined) {
    this.#clock = clock;
  }

  /** Whether the publisher is away: then nothing can come, and that is no failure. */
  set isHeld(isHeld: boolean) {
    this.#isHeld = isHeld;
    this.#player.isHeld = isHeld;
  }

  seek(): void {}

  seekToLive(): void {
    void this.video.play().catch(() => {});
  }

  close(isOver = false): void {
    this.#player.close(isOver);
    this.video.srcObject = null;
  }
}
