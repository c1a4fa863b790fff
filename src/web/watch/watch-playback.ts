import type { LiveClock } from '../elements/live-clock.ts';
import { HlsPlayback } from './hls-playback.ts';
import type { Playback } from './playback.ts';
import { WhepPlayback } from './whep-playback.ts';

/** The two elements that take turns; one of them is in sight. */
export type Screens = { readonly hls: HTMLVideoElement; readonly whep: HTMLVideoElement };

// From here on HLS gets ready behind the scenes, so that it is there when WebRTC does not get through: a second and a half
// before WebRTC gives up, and shown as soon as it has a picture. Mostly WebRTC has one long before this.
const headStartMillis = 700;
// This close to the newest picture somebody who seeks wants just that.
const nearLiveSeconds = 2;

/**
 * Plays a video in the best way there is: by WHEP what is live, by HLS what is not, and where WHEP does not get
 * through. Each way has a video element of its own, and takes over once it has a picture, so that the screen is never
 * dark in between. Event `change` when what its getters say may be different.
 */
export class WatchPlayback extends EventTarget implements Playback {
  readonly #screens: Screens;
  #hlsUrl: string;
  readonly #backupTimers = new Set<ReturnType<typeof setTimeout>>();
  #hls: HlsPlayback | undefined;
  #whep: WhepPlayback | undefined;
  #whepUrl: string | undefined;
  #hasWhepFailed = false;
  #hasBroken = false;
  #problem: string | undefined;
  #clock: LiveClock | undefined;
  #isHeld = false;
  #isOver = false;
  #wantsPause = false;
  /** What is in sight. */
  #shown: 'hls' | 'whep' = 'hls';
  #hasPicture = false;
  /** What takes over as soon as it has a picture. */
  #wanted: 'hls' | 'whep' = 'hls';

  constructor(screens: Screens, hlsUrl: string) {
    super();
    this.#screens = screens;
    this.#hlsUrl = hlsUrl;
    for (const name of ['loadeddata', 'seeked', 'playing']) {
      screens.hls.addEventListener(name, this.#onHlsPicture);
    }
    for (const video of [screens.hls, screens.whep]) {
      video.addEventListener('canplay', this.#onCanPlay);
      video.addEventListener('play', this.#onPlay);
    }
    screens.whep.addEventListener('pause', this.#onWhepPause);
  }

  /** Begins. `whepUrl`: where it can be watched with the least delay, if it can. */
  open(whepUrl: string | undefined): void {
    if (whepUrl === undefined) this.#openHls();
    else this.offer(whepUrl);
  }

  /** It can be watched with less delay, too: done, unless the person is elsewhere in the video. */
  offer(whepUrl: string): void {
    if (this.#isOver) return;
    const isKnown = this.#whepUrl !== undefined;
    this.#whepUrl = whepUrl;
    if (isKnown) return;
    if (this.#hls === undefined || this.#hls.isAtLive) this.#openWhep();
  }

  /** The video has another address for HLS, with a newer token: it goes on by that one. */
  renew(hlsUrl: string): void {
    this.#hlsUrl = hlsUrl;
    this.#hls?.renew(hlsUrl);
  }

  /** The element in sight. */
  get video(): HTMLVideoElement {
    return this.#screens[this.#shown];
  }

  /** Which way it is played now. */
  get way(): 'hls' | 'whep' {
    return this.#shown;
  }

  /** What of the network keeps it from being played with the least delay, in words; undefined when nothing does. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** hls.js, where that plays. */
  get hls(): HlsPlayback['hls'] {
    return this.#shown === 'hls' ? this.#hls?.hls : undefined;
  }

  get isLive(): boolean {
    if (this.#shown === 'whep') return !this.#isOver;
    return this.#hls?.isLive ?? false;
  }

  get isAtLive(): boolean {
    if (this.#shown === 'whep' && this.#wanted === 'hls') return false;
    return this.isLive && (this.#playing?.isAtLive ?? false);
  }

  get isWaiting(): boolean {
    return this.#playing?.isWaiting ?? false;
  }

  get latencySeconds(): number {
    return this.isLive ? (this.#playing?.latencySeconds ?? 0) : 0;
  }

  get positionSeconds(): number | undefined {
    return this.#playing?.positionSeconds;
  }

  get endSeconds(): number {
    return this.#playing?.endSeconds ?? 0;
  }

  get rate(): number {
    return this.#hls?.rate ?? 1;
  }

  set rate(rate: number) {
    // Nobody plays faster than things happen.
    if (this.#shown === 'whep' && rate < 1) this.#leaveLive(this.positionSeconds);
    if (this.#hls !== undefined) this.#hls.rate = rate;
  }

  /** Where the live stream stands, as the server says. */
  set clock(clock: LiveClock | undefined) {
    this.#clock = clock;
    if (this.#whep !== undefined) this.#whep.clock = clock;
  }

  /** Whether the publisher is away. */
  set isHeld(isHeld: boolean) {
    this.#isHeld = isHeld;
    if (this.#whep !== undefined) this.#whep.isHeld = isHeld;
  }

  /** The stream has ended: what is left of it is played as a video. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#shown === 'whep' && this.#wanted === 'whep') this.#leaveLive(this.positionSeconds);
    else if (this.#shown === 'hls') {
      this.#closeWhep();
      this.#wanted = 'hls';
      this.#openHls();
    }
  }

  seek(seconds: number): void {
    if (this.isLive && seconds > this.endSeconds - nearLiveSeconds) {
      if (!this.isAtLive) this.seekToLive();
    } else if (this.#shown === 'hls') {
      this.#wanted = 'hls';
      this.#closeWhep();
      this.#hls?.seek(seconds);
    } else this.#leaveLive(Math.max(0, seconds));
  }

  seekToLive(): void {
    if (!this.isLive) return;
    this.#wantsPause = false;
    this.#hls?.seekToLive();
    if (this.#hasWhepFailed) return;
    // It may still be there, standing still.
    this.#whep?.seekToLive();
    this.#openWhep();
  }

  close(): void {
    for (const timer of this.#backupTimers) clearTimeout(timer);
    for (const name of ['loadeddata', 'seeked', 'playing']) {
      this.#screens.hls.removeEventListener(name, this.#onHlsPicture);
    }
    for (const video of [this.#screens.hls, this.#screens.whep]) {
      video.removeEventListener('canplay', this.#onCanPlay);
      video.removeEventListener('play', this.#onPlay);
    }
    this.#screens.whep.removeEventListener('pause', this.#onWhepPause);
    this.#closeWhep();
    this.#closeHls();
  }

  get #playing(): Playback | undefined {
    return this.#shown === 'whep' ? this.#whep : this.#hls;
  }

  #openHls(startSeconds?: number): void {
    if (this.#hls !== undefined) return;
    this.#screens.hls.muted ||= this.#shown === 'whep';
    this.#hls = new HlsPlayback(this.#screens.hls, this.#hlsUrl, startSeconds);
    this.#hls.addEventListener('change', this.#changed);
  }

  #openWhep(): void {
    if (this.#whepUrl === undefined) return;
    this.#wanted = 'whep';
    if (this.#whep !== undefined) return;
    if (this.#hasPicture) this.#screens.whep.muted = true;
    const whep = new WhepPlayback(this.#screens.whep, this.#whepUrl);
    // Should HLS be needed it begins at once.
    HlsPlayback.prepare();
    this.#whep = whep;
    whep.clock = this.#clock;
    whep.isHeld = this.#isHeld;
    whep.addEventListener('change', () => this.#onWhep(whep));
    this.#backUp(whep);
  }

  #onWhep(whep: WhepPlayback): void {
    if (whep !== this.#whep) return;
    if (whep.state === 'failed') {
      this.#failed(whep);
    } else if (whep.state === 'playing') {
      // A stream whose tracks have ended has stopped the element.
      if (this.#hasBroken && !this.#wantsPause) whep.seekToLive();
      this.#hasBroken = false;
      if (this.#wanted === 'whep') this.#show('whep');
    } else if (whep.state === 'reconnecting') {
      this.#hasBroken = true;
      if (!this.#isHeld) this.#backUp(whep);
    }
    this.#changed();
  }

  /** Gets HLS ready in case this does not play soon. */
  #backUp(whep: WhepPlayback): void {
    if (this.#backupTimers.size > 0) return;
    const timer = setTimeout(() => {
      this.#backupTimers.delete(timer);
      const isNeeded = whep === this.#whep && whep.state !== 'playing' && !this.#isHeld;
      if (isNeeded) this.#openHls();
    }, headStartMillis);
    this.#backupTimers.add(timer);
  }

  #failed(whep: WhepPlayback): void {
    // For good: who comes back to live would only wait for it again.
    this.#hasWhepFailed = true;
    if (whep.error?.code === 'udp-unreachable') this.#problem = whep.error.message;
    this.#wanted = 'hls';
    this.#openHls();
    this.#onHlsPicture();
  }

  /** On the way from live to a moment of the video; the picture stays until that is there. */
  #leaveLive(seconds: number | undefined): void {
    this.#wanted = 'hls';
    if (this.#hls !== undefined && seconds !== undefined) this.#hls.seek(seconds);
    this.#openHls(seconds);
    this.#changed();
  }

  readonly #onHlsPicture = (): void => {
    const { hls } = this.#screens;
    const isThere = hls.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA && !hls.seeking;
    if (isThere && (this.#wanted === 'hls' || !this.#hasPicture)) this.#show('hls');
  };

  readonly #onCanPlay = (event: Event): void => {
    if (this.#wantsPause) return;
    // Refused even without sound (to save energy): the play button is there.
    (event.target as HTMLVideoElement).play().catch(this.#changed);
  };

  readonly #onPlay = (): void => {
    this.#wantsPause = false;
    if (this.#wanted !== 'hls' || this.#shown !== 'whep') return;
    const { hls } = this.#screens;
    if (hls.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA) void hls.play().catch(this.#changed);
  };

  // What is live cannot stand still and then go on: from here on it is a video.
  readonly #onWhepPause = (): void => {
    if (this.#shown !== 'whep' || this.#wanted !== 'whep' || this.#whep?.state !== 'playing') return;
    this.#wantsPause = true;
    this.#leaveLive(this.positionSeconds);
  };

  #show(side: 'hls' | 'whep'): void {
    const before = this.video;
    const now = this.#screens[side];
    if (now !== before) {
      now.volume = before.volume;
      now.muted = before.muted;
      before.muted = true;
    }
    this.#hasPicture = true;
    this.#shown = side;
    if (side === 'whep') this.#closeHls();
    else if (this.#wanted === 'hls') this.#closeWhep();
    this.#changed();
  }

  #closeHls(): void {
    this.#hls?.removeEventListener('change', this.#changed);
    this.#hls?.close();
    this.#hls = undefined;
  }

  #closeWhep(): void {
    const whep = this.#whep;
    this.#whep = undefined;
    whep?.close(this.#isOver);
  }

  readonly #changed = (): void => {
    this.dispatchEvent(new Event('change'));
  };
}
