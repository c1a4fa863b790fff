import { html, nothing, type TemplateResult } from 'lit';
import type { VideoAnswer } from '../../api/video.ts';
import { clock, moment, sentence, spokenTime } from '../elements/words.ts';

/** What is said of a video that is not simply there; live has a colour of its own. */
const stateWords: Readonly<Record<VideoAnswer['state'], string>> = {
  created: 'Not begun',
  live: 'Live',
  interrupted: 'Connection lost',
  uploading: 'Being sent',
  processing: 'Being made',
  ready: '',
  failed: 'Failed',
};
const visibilityWords = { public: '', unlisted: 'Unlisted', private: 'Private' } as const;

/**
 * A video in the grid: its poster, how long it is, how it stands, what it is called. `isOwn`: among one's own, where
 * nobody needs to be told whose it is.
 */
export function videoTile(video: VideoAnswer, now: Date, isOwn: boolean): TemplateResult {
  const { id, title, state, createdAt, thumbnailUrl, error, visibility, owner } = video;
  const made = new Date(createdAt);
  const said = [isOwn ? undefined : owner?.name, visibilityWords[visibility]].filter(Boolean).join(' · ');
  return html`<li class="tile" data-testid="video-tile">
    <a href="/watch/${id}">
      <span class="poster ${state}" style=${behind(video)}>
        ${thumbnailUrl === null ? nothing : html`<img src=${thumbnailUrl} alt="" loading="lazy" decoding="async" />`}
        ${stateWords[state] === '' ? nothing : html`<span class="state">${stateWords[state]}</span>`}
        ${length(video)}
      </span>
      <strong>${title}</strong>
    </a>
    <small>
      <time datetime=${createdAt}>${moment(made, now)}</time>${said === '' ? nothing : ` · ${said}`}
      ${error === null ? nothing : html`<span class="reason">${sentence(error.message)}</span>`}
    </small>
  </li>`;
}

/** What a narrow picture leaves free is filled by itself. */
function behind({ thumbnailUrl, width, height }: VideoAnswer): string {
  const isNarrow = width !== null && height !== null && width / height < 1.7;
  return isNarrow && thumbnailUrl !== null ? `--still: url("${thumbnailUrl}")` : '';
}

function length({ durationSeconds, state }: VideoAnswer) {
  if (durationSeconds === null || state === 'live') return nothing;
  return html`<span class="length"
    ><span aria-hidden="true">${clock(durationSeconds)}</span
    ><span class="only-spoken">${spokenTime(durationSeconds)}</span></span
  >`;
}
