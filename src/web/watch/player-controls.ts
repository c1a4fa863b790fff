import { html, nothing, type TemplateResult } from 'lit';
import { live } from 'lit/directives/live.js';
import type { CaptionStyle } from '../captions/caption-style.ts';
import '../captions/caption-tools.ts';
import { type IconName, icon } from '../elements/icon.ts';
import { clock, spokenTime } from '../elements/words.ts';
import type { Playback } from './playback.ts';
import './scrub-still.ts';

/** What the controls do. */
export type PlayerActions = {
  readonly togglePlay: () => void;
  readonly seekTo: (seconds: number) => void;
  readonly seekDone: () => void;
  readonly toggleSound: () => void;
  readonly setVolume: (volume: number) => void;
  readonly toggleFullScreen: () => void;
  /** The menu of the captions has opened or closed. */
  readonly menuChanged: () => void;
};

const rates = [0.5, 0.75, 1, 1.25, 1.5, 2] as const;

/** The row over the foot of the video. `seekingTo`: where the thumb is while it is held. */
export function playerControls(
  playback: Playback,
  video: HTMLVideoElement,
  seekingTo: number | undefined,
  storyboard: string | undefined,
  captionStyle: CaptionStyle,
  run: PlayerActions,
): TemplateResult {
  const isFull = document.fullscreenElement !== null;
  const isSilent = video.muted || video.volume === 0;
  const [label, name]: [string, IconName] = video.paused ? ['Play', 'play'] : ['Pause', 'pause'];
  return html`<div class="controls" data-testid="controls">
    <div class="scrub">
      ${
        storyboard === undefined
          ? nothing
          : html`<lr-scrub-still .src=${storyboard} .endSeconds=${playback.endSeconds}></lr-scrub-still>`
      }
      ${seekBar(playback, seekingTo, run)}
    </div>
    <div class="row">
      ${button('play', label, name, run.togglePlay)}
      ${button('mute', isSilent ? 'Turn sound on' : 'Turn sound off', isSilent ? 'sound-off' : 'sound-on', run.toggleSound)}
      <input
        class="volume"
        type="range"
        min="0"
        max="1"
        step="0.05"
        aria-label="Volume"
        .value=${live(String(isSilent ? 0 : video.volume))}
        style=${`--filled: ${(isSilent ? 0 : video.volume) * 100}%`}
        @input=${(event: InputEvent) => run.setVolume(Number((event.target as HTMLInputElement).value))}
      />
      ${times(playback)}
      <span class="gap"></span>
      <label class="rate"
        ><span class="only-spoken">Speed</span>
        <select
          data-testid="speed"
          @change=${(event: Event) => {
            playback.rate = Number((event.target as HTMLSelectElement).value);
          }}
        >
          ${rates.map(
            rate => html`<option value=${rate} .selected=${live(rate === playback.rate)}>${rate}×</option>`,
          )}
        </select>
      </label>
      <lr-caption-tools .captionStyle=${captionStyle} @menu=${run.menuChanged}></lr-caption-tools>
      ${
        document.pictureInPictureEnabled
          ? button('picture-in-picture', 'Picture in picture', 'picture-in-picture', () =>
              togglePicture(video),
            )
          : nothing
      }
      ${button('full-screen', isFull ? 'Leave full screen' : 'Full screen', isFull ? 'minimize' : 'maximize', run.toggleFullScreen)}
    </div>
  </div>`;
}

function seekBar(playback: Playback, seekingTo: number | undefined, run: PlayerActions) {
  const end = Math.max(playback.endSeconds, 0.1);
  const isHeldAtEnd = playback.isAtLive && seekingTo === undefined;
  const at = isHeldAtEnd ? end : Math.min(end, seekingTo ?? playback.positionSeconds ?? end);
  const { buffered } = playback.video;
  const loaded = buffered.length === 0 ? 0 : buffered.end(buffered.length - 1);
  const spoken = playback.isAtLive ? 'live' : `${spokenTime(at)} of ${spokenTime(end)}`;
  return html`<input
    class="seek"
    data-testid="seek"
    type="range"
    min="0"
    max=${end.toFixed(2)}
    step="0.05"
    aria-label="Position"
    aria-valuetext=${spoken}
    .value=${live(at.toFixed(2))}
    style=${`--filled: ${(at / end) * 100}%; --loaded: ${Math.min(100, (loaded / end) * 100)}%`}
    @input=${(event: InputEvent) => run.seekTo(Number((event.target as HTMLInputElement).value))}
    @change=${run.seekDone}
  />`;
}

function times(playback: Playback) {
  const end = playback.endSeconds;
  const at = playback.positionSeconds ?? end;
  if (!playback.isLive) {
    return html`<span class="times number" data-testid="times">${clock(at)} / ${clock(end)}</span>`;
  }
  if (playback.isAtLive) return nothing;
  return html`<span class="times number" data-testid="times">-${clock(end - at)}</span>`;
}

/**
 * Live and how far behind, or the way back; always in sight, because it is true or false at every moment. `from`: where
 * the delay that is told begins, when that is not plain.
 */
export function liveBadge(
  playback: Playback,
  toLive: () => void,
  from = '',
): TemplateResult | typeof nothing {
  if (!playback.isLive) return nothing;
  if (!playback.isAtLive) {
    return html`<button class="button over-video" data-testid="back-to-live" @click=${toLive}>Back to live</button>`;
  }
  const delay = playback.latencySeconds;
  return html`<span class="live number" data-testid="live-badge"
    ><i class="dot" aria-hidden="true"></i>Live<span class="delay">${delay > 0 ? delayWords(delay) + from : ''}</span></span
  >`;
}

/** Tenths say enough about seconds; less than half a second is told in hundredths. */
function delayWords(seconds: number): string {
  return `${seconds < 0.5 ? Math.max(0.01, seconds).toFixed(2) : seconds.toFixed(1)} s`;
}

function button(name: string, label: string, svg: IconName, run: () => void): TemplateResult {
  return html`<button class=${`tool ${name}`} data-testid=${name} aria-label=${label} title=${label} @click=${run}>
    ${icon(svg)}
  </button>`;
}

function togglePicture(video: HTMLVideoElement): void {
  if (document.pictureInPictureElement !== null) void document.exitPictureInPicture();
  else void video.requestPictureInPicture().catch(() => {});
}
