import type Hls from 'hls.js/light';
import type { ErrorData, HlsConfig, LevelDetails } from 'hls.js/light';
import { canBegin, stepToLive } from './live-edge.ts';
import type { Playback } from './playback.ts';
import { renewedAddress } from './renewed-address.ts';

const lookMillis = 200;
const longestRetryMillis = 4_000;
const mediaRecoveryEveryMillis = 5_000;
// A stream that stops right after its beginning is shown all the same.
const longestBeginningMillis = 4_000;

const loadPolicy = {
  default: {
    // A blocking reload is answered when the part exists, so the first byte may take a while.
    maxTimeToFirstByteMs: 10_000,
    maxLoadTimeMs: 20_000,
    timeoutRetry: { maxNumRetry: 2, retryDelayMs: 0, maxRetryDelayMs: 0 },
    errorRetry: { maxNumRetry: 2, retryDelayMs: 300, maxRetryDelayMs: 1_000 },
  },
};

const hlsConfig: Partial<HlsConfig> = {
  lowLatencyMode: true,
  // The rate is ours (live-edge.ts).
  maxLiveSyncPlaybackRate: 1,
  // A second for each stall, the default, would be a new latency class.
  liveSyncOnStallIncrease: 0.2,
  backBufferLength: 60,
  maxBufferLength: 30,
  manifestLoadPolicy: loadPolicy,
  playlistLoadPolicy: loadPolicy,
};

/**
 * Plays one `/hls/<id>/index.m3u8` in a video element, from its first fragment to the finished video: hls.js
 * where there are Media Source Extensions, else the browser's own HLS. Recovers by itself for as long as it is
 * open. Event `change` when what its getters say may be different.
 */
export class HlsPlayback extends EventTarget implements Playback {
  readonly video: HTMLVideoElement;
  #url: string;
  readonly #startSeconds: number | undefined;
  readonly #timer: ReturnType<typeof setInterval>;
  #hls: Hls | undefined;
  #details: LevelDetails | undefined;
  #isFollowing: boolean;
  #isWaiting = false;
  #userRate = 1;
  #failures = 0;
  #mediaRecoveredAtMillis = Number.NEGATIVE_INFINITY;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #beginTimer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  /** Has the browser load the player's code, so that one that is made later begins without waiting for it. */
  static prepare(): void {
    import('hls.js/light').catch(() => {});
  }

  /** Begins at once: at the live edge, or at `startSeconds` of the media timeline. */
  constructor(video: HTMLVideoElement, url: string, startSeconds?: number) {
    super();
    this.video = video;
    this.#url = url;
    this.#startSeconds = startSeconds;
    this.#isFollowing = startSeconds === undefined;
    this.#timer = setInterval(() => this.#look(), lookMillis);
    video.addEventListener('error', this.#onNativeError);
    video.addEventListener('pause', this.#onPause);
    video.addEventListener('seeking', this.#onSeeking);
    void this.#open();
  }

  /** The player underneath; undefined while it is loaded, and with the browser's own HLS. */
  get hls(): Hls | undefined {
    return this.#hls;
  }

  /** Whether more will come. */
  get isLive(): boolean {
    return this.#details?.live ?? this.video.duration === Number.POSITIVE_INFINITY;
  }

  /** Where the picture stands on the media timeline. */
  get positionSeconds(): number {
    return this.video.currentTime;
  }

  /** Whether nothing could be loaded lately, and it is being tried again. */
  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  /** Behind the live edge; 0 when it is over. */
  get latencySeconds(): number {
    if (!this.isLive) return 0;
    const details = this.#details;
    // Not `hls.latency`, which stands still while the picture does.
    const edge = details === undefined ? this.endSeconds : details.edge + details.age;
    return Math.max(0, edge - this.video.currentTime);
  }

  /** Whether playback is at the live edge, or on its way there. */
  get isAtLive(): boolean {
    return this.isLive && this.#isFollowing && !this.video.paused;
  }

  /** The end of what can be sought to: the duration, or the live edge. */
  get endSeconds(): number {
    if (this.isLive) {
      const { seekable } = this.video;
      return this.#details?.edge ?? (seekable.length === 0 ? 0 : seekable.end(seekable.length - 1));
    }
    return this.#details?.edge ?? (Number.isFinite(this.video.duration) ? this.video.duration : 0);
  }

  /** Goes to `seconds`; near the live edge it stays live. */
  seek(seconds: number): void {
    const end = this.endSeconds;
    if (this.isLive && seconds > end - this.#targetSeconds - 0.5) {
      this.seekToLive();
      return;
    }
    this.#isFollowing = false;
    this.video.currentTime = Math.min(Math.max(0, seconds), Math.max(0, end - 0.05));
  }

  /** Goes to the newest picture and stays with it. */
  seekToLive(): void {
    if (!this.isLive) return;
    this.#isFollowing = true;
    this.#userRate = 1;
    this.video.currentTime =
      this.#hls?.liveSyncPosition ?? Math.max(0, this.endSeconds - this.#targetSeconds);
    void this.video.play().catch(() => {});
  }

  /** The speed that the person wants; anything but 1 ends catching up. */
  set rate(rate: number) {
    this.#userRate = rate;
    this.video.playbackRate = rate;
  }

  get rate(): number {
    return this.#userRate;
  }

  /** The same stream under an address with a newer token: what is loaded from now on is asked for with that. */
  renew(url: string): void {
    if (url === this.#url) return;
    this.#url = url;
    const isNative = this.#hls === undefined && this.video.src !== '';
    if (isNative) this.#reopenNative(!this.video.paused);
  }

  /** Lets go of the video element and the network. Safe to call twice. */
  close(): void {
    this.#isClosed = true;
    clearInterval(this.#timer);
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#beginTimer);
    this.video.removeEventListener('error', this.#onNativeError);
    this.video.removeEventListener('pause', this.#onPause);
    this.video.removeEventListener('seeking', this.#onSeeking);
    if (this.#hls === undefined) this.video.removeAttribute('src');
    this.#hls?.destroy();
    this.#hls = undefined;
  }

  #beginSeconds(): number | undefined {
    return this.video.readyState === HTMLMediaElement.HAVE_NOTHING ? this.#startSeconds : undefined;
  }

  get #targetSeconds(): number {
    return this.#hls?.targetLatency ?? 2;
  }

  async #open(): Promise<void> {
    try {
      const { default: HlsClass } = await import('hls.js/light');
      if (this.#isClosed) return;
      if (HlsClass.isSupported()) this.#openHls(HlsClass);
      else this.#openNative();
    } catch {
      this.#again(() => void this.#open());
    }
  }

  #openNative(): void {
    const startSeconds = this.#beginSeconds();
    this.video.src = this.#url;
    if (startSeconds !== undefined) this.video.currentTime = startSeconds;
  }

  #openHls(HlsClass: typeof Hls): void {
    const startPosition = this.#isFollowing ? -1 : (this.#beginSeconds() ?? this.video.currentTime);
    const xhrSetup = (request: XMLHttpRequest, address: string) => {
      const renewed = renewedAddress(address, this.#url);
      if (renewed !== address) request.open('GET', renewed, true);
    };
    const hls = new HlsClass({ ...hlsConfig, startPosition, xhrSetup });
    this.#hls?.destroy();
    this.#hls = hls;
    const { Events } = HlsClass;
    hls.on(Events.ERROR, (_, data) => {
      if (data.fatal && this.#hls === hls) this.#recover(HlsClass, data);
    });
    const update = (_: string, { details }: { details: LevelDetails }) => {
      this.#details = details;
      this.#failures = 0;
      this.#isWaiting = false;
      this.#changed();
    };
    hls.on(Events.LEVEL_LOADED, update);
    hls.on(Events.LEVEL_UPDATED, update);
    hls.loadSource(this.#url);
    this.#beginWhenPossible(hls, Events.LEVEL_UPDATED);
  }

  // Until then playlists are followed and nothing is loaded: hls.js begins where the edge is by then.
  #beginWhenPossible(hls: Hls, levelUpdated: typeof Hls.Events.LEVEL_UPDATED): void {
    const begin = () => {
      clearTimeout(this.#beginTimer);
      hls.off(levelUpdated, look);
      if (this.#hls === hls && hls.media === null) hls.attachMedia(this.video);
    };
    const look = (_: string, { details }: { details: LevelDetails }) => {
      clearTimeout(this.#beginTimer);
      this.#beginTimer = setTimeout(begin, longestBeginningMillis);
      const heldSeconds = details.edge - details.fragmentStart;
      const hasWholeSegment = details.fragments.length > 0;
      const targetSeconds = details.partHoldBack || details.holdBack;
      if (!details.live || canBegin({ heldSeconds, hasWholeSegment, targetSeconds })) begin();
    };
    hls.on(levelUpdated, look);
  }

  // The person must never have to reload: whatever hls.js gives up is begun again.
  #recover(HlsClass: typeof Hls, error: ErrorData): void {
    const hls = this.#hls;
    if (hls === undefined) return;
    if (error.type === HlsClass.ErrorTypes.MEDIA_ERROR) {
      const now = performance.now();
      const isFirst = now - this.#mediaRecoveredAtMillis > mediaRecoveryEveryMillis;
      this.#mediaRecoveredAtMillis = now;
      if (isFirst) hls.recoverMediaError();
      else this.#again(() => this.#openHls(HlsClass));
    } else if (error.type === HlsClass.ErrorTypes.NETWORK_ERROR && this.#details !== undefined) {
      // What is loaded goes on playing meanwhile.
      this.#again(() => hls.startLoad());
    } else {
      this.#again(() => this.#openHls(HlsClass));
    }
  }

  #again(run: () => void): void {
    this.#isWaiting = true;
    this.#changed();
    const delayMillis = Math.min(longestRetryMillis, 300 * 2 ** this.#failures);
    this.#failures += 1;
    clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(() => {
      if (!this.#isClosed) run();
    }, delayMillis);
  }

  #reopenNative(plays: boolean): void {
    const at = this.video.currentTime;
    this.video.src = this.#url;
    if (!this.#isFollowing || !this.isLive) this.video.currentTime = at;
    if (plays) void this.video.play().catch(() => {});
  }

  readonly #onNativeError = (): void => {
    if (this.#hls !== undefined) return;
    this.#again(() => this.#reopenNative(true));
  };

  // Keys of a headset and the small window pause and seek without asking us.
  readonly #onPause = (): void => {
    if (this.isLive) this.#isFollowing = false;
  };

  readonly #onSeeking = (): void => {
    const behind = this.endSeconds - this.video.currentTime;
    if (this.isLive && behind > this.#targetSeconds + 1.5) this.#isFollowing = false;
  };

  #look(): void {
    this.#changed();
    const video = this.video;
    const hls = this.#hls;
    if (hls === undefined || !this.isLive || !this.#isFollowing || video.paused || video.seeking) return;
    if (this.#userRate !== 1) {
      // Whoever plays faster arrives at the edge some time, and stays.
      if (this.#userRate > 1 && this.latencySeconds < this.#targetSeconds) this.rate = 1;
      return;
    }
    if (video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return;
    const step = stepToLive({
      latencySeconds: this.latencySeconds,
      targetSeconds: this.#targetSeconds,
      bufferedSeconds: bufferedAhead(video),
    });
    if (step.jumps && hls.liveSyncPosition !== null && hls.liveSyncPosition > video.currentTime + 0.5) {
      video.currentTime = hls.liveSyncPosition;
    } else if (video.playbackRate !== step.rate) video.playbackRate = step.rate;
  }

  #changed(): void {
    this.dispatchEvent(new Event('change'));
  }
}

function bufferedAhead({ buffered, currentTime }: HTMLVideoElement): number {
  for (let index = 0; index < buffered.length; index += 1) {
    if (buffered.start(index) <= currentTime + 0.05 && currentTime < buffered.end(index)) {
      return buffered.end(index) - currentTime;
    }
  }
  return 0;
}
