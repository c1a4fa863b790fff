import './watch.css';
import { html, nothing } from 'lit';
import { CaptionStyle } from '../captions/caption-style.ts';
import type { SeekEvent } from '../captions/transcript-list.ts';
import type { TranscriptPanel } from '../captions/transcript-panel.ts';
import '../captions/transcript-panel.ts';
import { type KeyAction, keysDialog, runKey } from '../elements/keys.ts';
import { LightElement } from '../elements/light-element.ts';
import type { VideoAnswer } from '../elements/video-api.ts';
import { VideoUpdates } from '../elements/video-updates.ts';
import { clock, megabytes, moment, watching } from '../elements/words.ts';
import type { Player } from './player.ts';
import './player.ts';
import { waitingForFile } from './waiting-file.ts';
import { watchActions } from './watch-actions.ts';
import { deletedMessage, failedMessage, nothingHereMessage, unreachableMessage } from './watch-messages.ts';

const liveStates = new Set(['created', 'live', 'interrupted']);
const madeStates = new Set(['uploading', 'processing']);
const playableStates = new Set(['live', 'interrupted', 'processing', 'ready']);

/** The watch page: one address from before the first picture to long after the last. */
export class WatchPage extends LightElement {
  static override properties = { videoId: {} };
  declare videoId: string;
  readonly #captionStyle = new CaptionStyle();
  #updates: VideoUpdates | undefined;
  // Once it plays it stays: states come and go, the picture must not.
  #playbackUrl: string | undefined;
  #whepUrl: string | undefined;

  constructor() {
    super();
    this.videoId = '';
  }

  override connectedCallback(): void {
    super.connectedCallback();
    document.title = 'Watch - livereel';
    document.addEventListener('keydown', this.#onKey);
    this.#updates = new VideoUpdates(this.videoId);
    this.#updates.addEventListener('change', () => this.requestUpdate());
    exposeStats(() => this.#player);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener('keydown', this.#onKey);
    this.#updates?.close();
    this.#captionStyle.close();
  }

  override render() {
    const video = this.#updates?.video;
    const error = this.#updates?.error;
    if (video === undefined) return this.#withoutVideo(error?.facts.status, error?.message);
    document.title = `${video.title} - livereel`;
    // Of a private video they are other ones from time to time.
    if (isPlayable(video)) this.#playbackUrl = video.playbackUrl;
    this.#whepUrl = video.whepUrl ?? this.#whepUrl;
    return html`<main class="watch" data-state=${video.state} style=${stageShape(video)}>
      <div class="stage">${this.#stage(video)}</div>
      <section class="about" aria-label="About this video">
        <div class="words">
          <h1 data-testid="title">${video.title}</h1>
          <p class="facts number" data-testid="facts">${this.#facts(video)}</p>
          ${video.description === '' ? nothing : html`<p class="description" data-testid="description">${video.description}</p>`}
          ${
            error?.code === 'server-unreachable'
              ? html`<p class="note" role="status" data-testid="error-message">${error.message}</p>`
              : this.#delayReason(video)
          }
        </div>
        ${watchActions(video, this.#showKeys, this.#reread)}
      </section>
      ${this.#transcript(video)} ${keysDialog(this.#keys)}
    </main>`;
  }

  #stage(video: VideoAnswer) {
    if (video.state === 'failed') return failedMessage(video, this.#reread);
    if (this.#playbackUrl === undefined) {
      if (isFile(video)) return waitingForFile(video.state, this.#updates?.madePercent ?? 0);
      return html`<div class="message" role="status">
        <h2 data-testid="waiting">
          Waiting for the first picture
          <span class="waiting-dots" aria-hidden="true"><i></i><i></i><i></i></span>
        </h2>
        <p>The broadcast has not started yet. It will play here by itself.</p>
      </div>`;
    }
    return html`<lr-player
      .src=${this.#playbackUrl}
      .whepUrl=${this.#whepUrl}
      .poster=${video.thumbnailUrl ?? undefined}
      .storyboard=${video.storyboardUrl ?? undefined}
      .isInterrupted=${video.state === 'interrupted'}
      .isOver=${!liveStates.has(video.state)}
      .clock=${this.#updates?.clock}
      @problem=${() => this.requestUpdate()}
      @wait=${() => this.#updates?.look()}
      .captions=${this.#updates?.captions}
      .captionStyle=${this.#captionStyle}
    ></lr-player>`;
  }

  /** Why a live video comes later than it could. */
  #delayReason(video: VideoAnswer) {
    const problem = this.#player?.playback?.problem;
    if (problem === undefined || !liveStates.has(video.state)) return nothing;
    return html`<p class="delay-reason" role="status" data-testid="delay-reason">
      About a second late, because the instant way does not get through. ${problem}
    </p>`;
  }

  #transcript({ id, title, state }: VideoAnswer) {
    if (state === 'failed') return nothing;
    return html`<lr-transcript-panel
      class="beside"
      .feed=${this.#updates?.captions}
      .videoId=${id}
      .videoTitle=${title}
      .isLive=${liveStates.has(state)}
      .isMade=${madeStates.has(state)}
      .playhead=${this.#seconds}
      @seek=${({ seconds }: SeekEvent) => this.#player?.playback?.seek(seconds)}
    ></lr-transcript-panel>`;
  }

  readonly #reread = (): void => this.#updates?.reread();

  readonly #seconds = (): number | undefined => this.#player?.playback?.positionSeconds;

  #facts(video: VideoAnswer) {
    const created = new Date(video.createdAt);
    const facts = [html`<time datetime=${video.createdAt}>${moment(created, new Date())}</time>`];
    if (video.state === 'live' || video.state === 'interrupted') {
      const viewers = this.#updates?.viewers ?? 0;
      if (viewers > 0) facts.push(html`${watching(viewers)}`);
    }
    if (video.state === 'processing' && !isFile(video)) facts.push(html`the file to download is being made`);
    if (video.state === 'ready') {
      if (video.durationSeconds !== null) facts.push(html`${clock(video.durationSeconds)}`);
      if (video.sizeBytes !== null) facts.push(html`${megabytes(video.sizeBytes)}`);
    }
    return facts.map((fact, index) => (index === 0 ? fact : html` · ${fact}`));
  }

  #withoutVideo(status: number | undefined, message: string | undefined) {
    if (this.#updates?.isDeleted) return deletedMessage();
    if (status === 404) return nothingHereMessage();
    if (message !== undefined) return unreachableMessage(message);
    return html`<main class="watch" aria-busy="true">
      <h1 class="only-spoken">Loading the video</h1>
      <div class="stage skeleton"></div>
      <div class="beside" aria-hidden="true"></div>
      <section class="about" aria-hidden="true"><div class="words"><i class="bone wide"></i><i class="bone"></i></div></section>
    </main>`;
  }

  get #player(): Player | null {
    return this.querySelector('lr-player');
  }

  get #keys(): readonly KeyAction[] {
    const show = { does: 'Show the keys', caps: ['?'], keys: ['?'], run: this.#showKeys };
    const find = {
      does: 'Find in the transcript',
      caps: ['/'],
      keys: ['/'],
      run: () => this.querySelector<TranscriptPanel>('lr-transcript-panel')?.search(),
    };
    return [...(this.#player?.keys ?? []), find, show];
  }

  readonly #showKeys = (): void => {
    // The player's keys are known only once it is there.
    this.requestUpdate();
    void this.updateComplete.then(() => this.querySelector<HTMLDialogElement>('#keys')?.showModal());
  };

  readonly #onKey = (event: KeyboardEvent): void => runKey(event, this.#keys);
}

/** A file plays once a video is made of it; what was live has played all along. */
function isPlayable(video: VideoAnswer): boolean {
  return playableStates.has(video.state) && (video.state === 'ready' || !isFile(video));
}

function isFile({ input }: VideoAnswer): boolean {
  return input === 'upload' || input === 'import';
}

/** The stage has the picture's shape as soon as it is known, so that nothing jumps. */
function stageShape({ width, height }: VideoAnswer): string {
  return width === null || height === null ? '' : `--shape: ${width} / ${height}; --ratio: ${width / height}`;
}

// What tests and curious people read in the console.
function exposeStats(player: () => Player | null): void {
  const stats = {
    get latencySeconds() {
      return player()?.playback?.latencySeconds ?? 0;
    },
    get stalls() {
      return player()?.stalls.count ?? 0;
    },
    get longestStallSeconds() {
      return player()?.stalls.longestSeconds ?? 0;
    },
    get way() {
      return player()?.playback?.way;
    },
    get positionSeconds() {
      return player()?.playback?.positionSeconds;
    },
    get currentTime() {
      return player()?.video?.currentTime ?? 0;
    },
    get isLive() {
      return player()?.playback?.isLive ?? false;
    },
    get hls() {
      return player()?.playback?.hls;
    },
  };
  Object.assign(window, { livereel: stats });
}

customElements.define('lr-watch', WatchPage);
