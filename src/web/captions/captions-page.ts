import './captions-page.css';
import { html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { type IconName, icon } from '../elements/icon.ts';
import { type KeyAction, keysDialog, runKey } from '../elements/keys.ts';
import { LightElement } from '../elements/light-element.ts';
import { ScreenLock } from '../elements/screen-lock.ts';
import { VideoUpdates } from '../elements/video-updates.ts';
import { captionWords } from './caption-overlay.ts';
import { captioningWords } from './captioning-words.ts';
import { type HallLook, loadHallLook, saveHallLook, scaled } from './hall-look.ts';
import type { HeardCaption } from './heard-captions.ts';
import { transcriptParagraphs } from './transcript-paragraphs.ts';

const captionsKept = 100;
const idleMillis = 3_000;
const liveStates = new Set(['created', 'live', 'interrupted']);
const madeStates = new Set(['uploading', 'processing']);

/** Captions alone, in large type: for a second screen, a hall, or the phone of somebody who cannot hear. */
export class CaptionsPage extends LightElement {
  static override properties = { videoId: {} };
  declare videoId: string;
  #look = loadHallLook();
  #updates: VideoUpdates | undefined;
  #screenLock: ScreenLock | undefined;
  #isIdle = false;
  #isFollowing = true;
  #lastTop = 0;
  #idleTimer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    super();
    this.videoId = '';
  }

  override connectedCallback(): void {
    super.connectedCallback();
    document.title = 'Captions - livereel';
    this.#updates = new VideoUpdates(this.videoId);
    this.#updates.addEventListener('change', this.#redraw);
    this.#updates.captions.addEventListener('change', this.#redraw);
    this.#screenLock = new ScreenLock();
    document.addEventListener('keydown', this.#onKey);
    document.addEventListener('fullscreenchange', this.#redraw);
    this.#active();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#updates?.close();
    this.#screenLock?.close();
    document.removeEventListener('keydown', this.#onKey);
    document.removeEventListener('fullscreenchange', this.#redraw);
    clearTimeout(this.#idleTimer);
  }

  override render() {
    const video = this.#updates?.video;
    if (video === undefined && this.#updates?.error?.facts.status === 404) return notThere();
    if (video !== undefined) document.title = `Captions: ${video.title} - livereel`;
    const captions = (this.#updates?.captions.captions ?? []).slice(-captionsKept);
    const state = this.#state();
    return html`<main
      class=${`hall ${this.#look.theme} ${this.#isIdle ? 'idle' : ''}`}
      style=${`--scale: ${this.#look.scale}`}
      @pointermove=${this.#active}
      @pointerdown=${this.#active}
      @focusin=${this.#active}
    >
      <header>
        <h1>${video?.title ?? 'Captions'}</h1>
        <p role="status" data-testid="captions-state">${captions.length === 0 ? nothing : state}</p>
        <div class="tools">
          ${tool('smaller', 'Smaller', 'minus', () => this.#scale(-1))}
          ${tool('larger', 'Larger', 'plus', () => this.#scale(1))}
          ${tool('theme', this.#look.theme === 'dark' ? 'Dark on light' : 'Light on dark', 'contrast', this.#toggleTheme)}
          ${tool('full-screen', document.fullscreenElement === null ? 'Full screen' : 'Leave full screen', document.fullscreenElement === null ? 'maximize' : 'minimize', toggleFullScreen)}
          ${tool('keys-button', 'Keys', 'keyboard', this.#showKeys)}
        </div>
      </header>
      <div class="lines" tabindex="0" role="log" aria-label="Captions" data-testid="lines" @scroll=${this.#onScroll}>
        ${captions.length === 0 ? html`<p class="empty">${state}</p>` : this.#paragraphs(captions)}
      </div>
      ${
        this.#isFollowing
          ? nothing
          : html`<button class="button back-to-now" data-testid="back-to-now" @click=${this.#follow}>
              ${icon('arrow-down')}Back to now
            </button>`
      }
      ${keysDialog(this.#keys)}
    </main>`;
  }

  override updated(): void {
    if (this.#isFollowing) this.#toEnd();
  }

  #paragraphs(captions: readonly HeardCaption[]) {
    const { language } = this.#updates?.captions ?? {};
    return repeat(
      transcriptParagraphs(captions),
      ({ key }) => key,
      paragraph => html`<p lang=${language ?? nothing}>
        ${repeat(
          paragraph.captions,
          // A new element when it is final: screen readers say only what has been added, and that once.
          ({ index, final }) => `${index} ${final}`,
          ({ final, words, settledWords }) =>
            html`<span aria-hidden=${final ? nothing : 'true'}
                >${captionWords(words.map((word, at) => ({ ...word, isSettled: at < settledWords })))}</span
              > `,
        )}
      </p>`,
    );
  }

  #state(): string {
    const { video, captions, error } = this.#updates ?? {};
    if (error?.code === 'server-unreachable') return error.message;
    if (video === undefined || captions === undefined) return 'Looking for captions';
    const isLive = liveStates.has(video.state);
    const words = captioningWords({
      captioning: captions.captioning,
      correctedPercent: captions.correctedPercent,
      isLive,
      isMade: madeStates.has(video.state),
      isKnown: captions.isKnown,
      hasCaptions: captions.captions.length > 0,
      isTranscript: captions.isTranscript,
    });
    if (video.state === 'interrupted')
      return 'The broadcaster lost the connection. Waiting up to a minute for them.';
    // Whoever reads them sees that.
    if (isLive && captions.captioning?.state === 'on' && captions.captions.length > 0) return '';
    if (video.state === 'created') return 'The broadcast has not started yet. What is said will stand here.';
    return isLive || captions.captions.length === 0 ? words : `The broadcast is over. ${words}`;
  }

  get #lines(): HTMLElement | null {
    return this.querySelector('.lines');
  }

  #toEnd(): void {
    const lines = this.#lines;
    if (lines === null) return;
    const left = lines.scrollHeight - lines.clientHeight - lines.scrollTop;
    const isCalm = matchMedia('(prefers-reduced-motion: reduce)').matches || left > lines.clientHeight;
    if (left > 1) lines.scrollTo({ top: lines.scrollHeight, behavior: isCalm ? 'instant' : 'smooth' });
  }

  readonly #follow = (): void => {
    this.#isFollowing = true;
    this.requestUpdate();
  };

  // Only a person scrolls up: the page itself goes down.
  readonly #onScroll = (): void => {
    const lines = this.#lines as HTMLElement;
    const isUp = lines.scrollTop < this.#lastTop - 1;
    this.#lastTop = lines.scrollTop;
    const isAtEnd = lines.scrollHeight - lines.clientHeight - lines.scrollTop < 4;
    const isFollowing = isAtEnd || (this.#isFollowing && !isUp);
    if (isFollowing === this.#isFollowing) return;
    this.#isFollowing = isFollowing;
    this.requestUpdate();
  };

  readonly #redraw = (): void => this.requestUpdate();

  readonly #active = (): void => {
    const wasIdle = this.#isIdle;
    this.#isIdle = false;
    clearTimeout(this.#idleTimer);
    this.#idleTimer = setTimeout(() => {
      this.#isIdle = this.querySelector('header :focus-visible') === null;
      this.requestUpdate();
    }, idleMillis);
    if (wasIdle) this.requestUpdate();
  };

  #scale(direction: 1 | -1): void {
    this.#set(scaled(this.#look, direction));
  }

  readonly #toggleTheme = (): void => {
    this.#set({ ...this.#look, theme: this.#look.theme === 'dark' ? 'light' : 'dark' });
  };

  #set(look: HallLook): void {
    this.#look = look;
    saveHallLook(look);
    this.requestUpdate();
  }

  readonly #showKeys = (): void => this.querySelector<HTMLDialogElement>('#keys')?.showModal();

  readonly #keys: readonly KeyAction[] = [
    { does: 'Larger', caps: ['+'], keys: ['+', '='], run: () => this.#scale(1) },
    { does: 'Smaller', caps: ['-'], keys: ['-', '_'], run: () => this.#scale(-1) },
    { does: 'Dark or light', caps: ['D'], keys: ['d'], run: this.#toggleTheme },
    { does: 'Full screen', caps: ['F'], keys: ['f'], run: toggleFullScreen },
    { does: 'Back to now', caps: ['L'], keys: ['l'], run: this.#follow },
    { does: 'Show the keys', caps: ['?'], keys: ['?'], run: this.#showKeys },
  ];

  readonly #onKey = (event: KeyboardEvent): void => runKey(event, this.#keys);
}

function tool(name: string, label: string, svg: IconName, run: () => void) {
  return html`<button class="button round" data-testid=${name} aria-label=${label} title=${label} @click=${run}>
    ${icon(svg)}
  </button>`;
}

function toggleFullScreen(): void {
  if (document.fullscreenElement !== null) void document.exitFullscreen();
  else void document.documentElement.requestFullscreen?.().catch(() => {});
}

function notThere() {
  return html`<main class="centred">
    <div class="message">
      <h1 data-testid="error-message">There is no video here</h1>
      <p>It was deleted, it is private, or the link is not complete. Ask whoever sent it to you for a new one.</p>
    </div>
  </main>`;
}

customElements.define('lr-captions', CaptionsPage);
