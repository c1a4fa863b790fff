import './player.css';
import { html, nothing, type TemplateResult } from 'lit';
import type { CaptionFeed } from '../captions/caption-feed.ts';
import '../captions/caption-overlay.ts';
import type { Playhead } from '../captions/caption-overlay.ts';
import type { CaptionStyle } from '../captions/caption-style.ts';
import type { CaptionTools } from '../captions/caption-tools.ts';
import { icon } from '../elements/icon.ts';
import type { KeyAction } from '../elements/keys.ts';
import { LightElement } from '../elements/light-element.ts';
import type { LiveClock } from '../elements/live-clock.ts';
import { PlaybackStats } from './playback-stats.ts';
import { liveBadge, playerControls } from './player-controls.ts';
import { WatchPlayback } from './watch-playback.ts';

const idleMillis = 2_500;
const stallShownMillis = 600;

/**
 * The player: a video, its own controls over it, and words when it waits. Keys are the page's, by `keys`. Event
 * `problem` when `playback.problem` has changed, `wait` again and again while nothing can be loaded.
 */
export class Player extends LightElement {
  static override properties = {
    src: {},
    whepUrl: {},
    poster: {},
    storyboard: {},
    isInterrupted: {},
    isOver: {},
    clock: {},
    captions: {},
    captionStyle: {},
  };
  declare src: string;
  /** Where it can be watched with the least delay; undefined where it cannot. */
  declare whepUrl: string | undefined;
  /** A still of it, until the first picture is there. */
  declare poster: string | undefined;
  /** WebVTT that names stills for the scrub bar. */
  declare storyboard: string | undefined;
  declare isInterrupted: boolean;
  /** Whether no more will come. */
  declare isOver: boolean;
  /** Where a live stream stands, once the server has told. */
  declare clock: LiveClock | undefined;
  declare captions: CaptionFeed;
  declare captionStyle: CaptionStyle;
  #playback: WatchPlayback | undefined;
  #stats: PlaybackStats[] = [];
  #isIdle = false;
  #isShowingStall = false;
  #wantsSound = false;
  #hasStarted = false;
  #toldProblem: string | undefined;
  #seekingTo: number | undefined;
  #idleTimer: ReturnType<typeof setTimeout> | undefined;
  #stallTimer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    super();
    this.src = '';
    this.isInterrupted = false;
    this.isOver = false;
  }

  get playback(): WatchPlayback | undefined {
    return this.#playback;
  }

  /** How often the picture has stalled, and for how long at most. */
  get stalls(): { readonly count: number; readonly longestSeconds: number } {
    return {
      count: this.#stats.reduce((count, { stalls }) => count + stalls, 0),
      longestSeconds: Math.max(0, ...this.#stats.map(stats => stats.longestStallSeconds)),
    };
  }

  /** The element in sight. */
  get video(): HTMLVideoElement | null {
    return this.#playback?.video ?? this.querySelector('video');
  }

  override connectedCallback(): void {
    super.connectedCallback();
    document.addEventListener('fullscreenchange', this.#redraw);
    this.captionStyle.addEventListener('change', this.#redraw);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener('fullscreenchange', this.#redraw);
    this.captionStyle.removeEventListener('change', this.#redraw);
    clearTimeout(this.#idleTimer);
    clearTimeout(this.#stallTimer);
    this.#playback?.close();
    for (const stats of this.#stats) stats.close();
  }

  override firstUpdated(): void {
    const [hls, whep] = this.querySelectorAll('video') as unknown as [HTMLVideoElement, HTMLVideoElement];
    for (const video of [hls, whep]) this.#listen(video);
    this.#stats = [new PlaybackStats(hls), new PlaybackStats(whep)];
    this.#playback = new WatchPlayback({ hls, whep }, this.src);
    this.#playback.addEventListener('change', this.#onPlayback);
    this.#playback.open(this.whepUrl);
  }

  #listen(video: HTMLVideoElement): void {
    // As a property: the attribute alone is not enough for the browsers' autoplay rules.
    video.muted = true;
    // Where the browser plays HLS itself it would show the stream's own captions under ours.
    video.textTracks.addEventListener('addtrack', ({ track }) => {
      if (track !== null) track.mode = 'disabled';
    });
    for (const name of [
      'play',
      'pause',
      'playing',
      'timeupdate',
      'volumechange',
      'seeked',
      'ended',
      'waiting',
    ]) {
      video.addEventListener(name, this.#redraw);
    }
    video.addEventListener('playing', () => {
      if (!this.#hasStarted) this.#active();
      this.#hasStarted = true;
    });
  }

  override render() {
    const video = this.video;
    const isPaused = video?.paused ?? true;
    const isIdle = this.#isIdle && !isPaused;
    const isMenuOpen = this.#captionTools?.isMenuOpen === true;
    const isMuted = this.#hasStarted && video?.muted === true && !this.#wantsSound;
    return html`<div
      class=${`player ${isIdle ? 'idle' : ''}`}
      @pointermove=${this.#active}
      @pointerdown=${this.#active}
      @focusin=${this.#active}
    >
      ${this.#screen('hls')} ${this.#screen('whep')}
      <lr-caption-overlay
        .feed=${this.captions}
        .look=${this.captionStyle.look}
        .isRaised=${!isIdle}
        .playhead=${this.#playhead}
        sample=${isMenuOpen ? 'Captions look like this' : ''}
      ></lr-caption-overlay>
      <div class="above">
        ${this.#badge()}
        ${
          isMuted
            ? html`<button class="button over-video" data-testid="tap-for-sound" @click=${this.#toggleSound}>
                ${icon('sound-off')}Tap for sound
              </button>`
            : nothing
        }
      </div>
      ${this.#waitingWords()}
      ${
        this.#playback === undefined || video === null
          ? nothing
          : playerControls(this.#playback, video, this.#seekingTo, this.storyboard, this.captionStyle, {
              togglePlay: () => this.#togglePlay(),
              seekTo: this.#seekTo,
              seekDone: this.#seekDone,
              toggleSound: this.#toggleSound,
              setVolume: this.#setVolume,
              toggleFullScreen: () => this.#toggleFullScreen(),
              menuChanged: this.#onMenu,
            })
      }
    </div>`;
  }

  #screen(way: 'hls' | 'whep') {
    const isShown = way === (this.#playback?.way ?? 'hls');
    return html`<video
      class=${isShown ? 'shown' : ''}
      data-testid=${isShown ? 'video' : nothing}
      data-way=${way}
      aria-hidden=${isShown ? nothing : 'true'}
      poster=${this.poster ?? nothing}
      playsinline
      preload="auto"
      @click=${this.#tapped}
    ></video>`;
  }

  override willUpdate(changed: Map<string, unknown>): void {
    const playback = this.#playback;
    if (playback === undefined) return;
    if (changed.has('src')) playback.renew(this.src);
    playback.isHeld = this.isInterrupted;
    playback.clock = this.clock;
    if (this.isOver) playback.end();
    else if (this.whepUrl !== undefined) playback.offer(this.whepUrl);
  }

  override updated(): void {
    const shown = this.#stats[this.#playback?.way === 'whep' ? 1 : 0];
    const isStalled = shown?.isStalled === true || (!this.#hasStarted && this.video?.paused === false);
    if (isStalled && this.#stallTimer === undefined) {
      this.#stallTimer = setTimeout(() => {
        this.#isShowingStall = true;
        this.requestUpdate();
      }, stallShownMillis);
    } else if (!isStalled) {
      clearTimeout(this.#stallTimer);
      this.#stallTimer = undefined;
      this.#isShowingStall = false;
    }
  }

  #waitingWords() {
    let words: string | undefined;
    if (this.isInterrupted) {
      words = 'The broadcaster lost the connection. Waiting up to a minute for them.';
    } else if (this.#playback?.isWaiting) {
      words = this.#hasStarted
        ? 'The server does not answer. Trying again.'
        : 'Waiting for the first picture';
    } else if (!this.#hasStarted && this.video?.paused !== true) words = 'Loading';
    else if (this.#isShowingStall) words = 'Waiting for more of the video';
    return words === undefined
      ? nothing
      : html`<p class="wait" data-testid="wait" role="status">
          ${words} <span class="waiting-dots" aria-hidden="true"><i></i><i></i><i></i></span>
        </p>`;
  }

  readonly #playhead = (): Playhead | undefined => {
    const { video } = this;
    if (video === null || !this.#hasStarted) return undefined;
    const isAtLive = this.#playback?.isAtLive === true;
    // While nobody knows where the picture stands, words are shown as they come.
    const seconds = this.#playback?.positionSeconds ?? Number.POSITIVE_INFINITY;
    return { seconds, isAtLive, isPaused: video.paused };
  };

  get #captionTools(): CaptionTools | null {
    return this.querySelector('lr-caption-tools');
  }

  #badge(): TemplateResult | typeof nothing {
    const playback = this.#playback;
    if (playback === undefined || this.#isShowingStall) return nothing;
    // By WebRTC nobody knows how long the picture took from the camera to the server.
    return liveBadge(playback, this.#toLive, playback.way === 'whep' ? ' from the server' : '');
  }

  readonly #toLive = (): void => this.#playback?.seekToLive();

  readonly #onPlayback = (): void => {
    this.requestUpdate();
    if (this.#playback?.isWaiting) this.dispatchEvent(new Event('wait'));
    const problem = this.#playback?.problem;
    if (problem === this.#toldProblem) return;
    this.#toldProblem = problem;
    this.dispatchEvent(new Event('problem'));
  };

  readonly #redraw = (): void => this.requestUpdate();

  readonly #active = (): void => {
    const wasIdle = this.#isIdle;
    this.#isIdle = false;
    clearTimeout(this.#idleTimer);
    this.#idleTimer = setTimeout(() => {
      if (this.querySelector('.controls :focus-visible, .controls dialog[open]') !== null) return;
      this.#isIdle = true;
      this.requestUpdate();
    }, idleMillis);
    if (wasIdle) this.requestUpdate();
  };

  readonly #onMenu = (): void => {
    this.#active();
    this.requestUpdate();
  };

  // A mouse plays and pauses; on a touch screen the first tap only brings the controls.
  readonly #tapped = (event: MouseEvent): void => {
    if ((event as PointerEvent).pointerType !== 'touch') this.#togglePlay();
  };

  #togglePlay(): void {
    const { video } = this;
    if (video === null) return;
    if (!video.paused) video.pause();
    else {
      if (video.ended) this.#playback?.seek(0);
      void video.play().catch(() => {});
    }
  }

  readonly #toggleSound = (): void => {
    const { video } = this;
    if (video === null) return;
    video.muted = !video.muted;
    if (!video.muted && video.volume === 0) video.volume = 1;
    this.#wantsSound = true;
  };

  readonly #setVolume = (volume: number): void => {
    const { video } = this;
    if (video === null) return;
    video.volume = volume;
    video.muted = volume === 0;
    this.#wantsSound = true;
  };

  readonly #seekTo = (seconds: number): void => {
    this.#seekingTo = seconds;
    this.#playback?.seek(seconds);
    this.requestUpdate();
  };

  readonly #seekDone = (): void => {
    this.#seekingTo = undefined;
    this.requestUpdate();
  };

  #toggleFullScreen(): void {
    const element = this.querySelector('.player') as HTMLElement;
    const video = this.video as HTMLVideoElement & { webkitEnterFullscreen?: () => void };
    if (document.fullscreenElement !== null) void document.exitFullscreen();
    else if (element.requestFullscreen !== undefined) void element.requestFullscreen().catch(() => {});
    else video.webkitEnterFullscreen?.();
  }

  #seekBy(seconds: number): void {
    const from = this.#playback?.positionSeconds;
    if (from === undefined) return;
    this.#playback?.seek(from + seconds);
    this.#active();
  }

  #louder(by: number): void {
    const { video } = this;
    if (video !== null) this.#setVolume(Math.min(1, Math.max(0, (video.muted ? 0 : video.volume) + by)));
  }

  /** The keys that work on the player. */
  readonly keys: readonly KeyAction[] = [
    { does: 'Play, pause', caps: ['Space', 'K'], keys: [' ', 'k'], run: () => this.#togglePlay() },
    { does: 'Back 5 seconds', caps: ['←'], keys: ['ArrowLeft'], run: () => this.#seekBy(-5) },
    { does: 'Forward 5 seconds', caps: ['→'], keys: ['ArrowRight'], run: () => this.#seekBy(5) },
    { does: 'Louder', caps: ['↑'], keys: ['ArrowUp'], run: () => this.#louder(0.1) },
    { does: 'Quieter', caps: ['↓'], keys: ['ArrowDown'], run: () => this.#louder(-0.1) },
    { does: 'Sound on, off', caps: ['M'], keys: ['m'], run: () => this.#toggleSound() },
    { does: 'Captions on, off', caps: ['C'], keys: ['c'], run: () => this.#captionTools?.toggle() },
    { does: 'Full screen', caps: ['F'], keys: ['f'], run: () => this.#toggleFullScreen() },
    { does: 'Back to live', caps: ['L'], keys: ['l'], run: () => this.#toLive() },
    { does: 'To the beginning', caps: ['Home'], keys: ['Home', '0'], run: () => this.#playback?.seek(0) },
  ];
}

customElements.define('lr-player', Player);
