import { html, nothing, type TemplateResult } from 'lit';
import { icon } from '../elements/icon.ts';
import type { VideoAnswer } from '../elements/video-api.ts';
import './failed-tasks.ts';
import './own-video.ts';
import './share-link.ts';

/** What can be done with a video, in a row below it, and below that what could not be made of it. `reread`: it was changed here. */
export function watchActions(video: VideoAnswer, showKeys: () => void, reread: () => void): TemplateResult {
  return html`<div class="actions">
    ${video.state === 'failed' ? nothing : html`<lr-share-link .video=${video}></lr-share-link>`}
    ${
      video.state === 'ready' && video.fileUrl !== null
        ? html`<a class="button" data-testid="download" href=${video.fileUrl} download=${`${video.title}.mp4`}
            >${icon('download')}Download MP4</a
          >`
        : nothing
    }
    <a class="button round" href="/videos" aria-label="All videos" title="All videos">${icon('grid')}</a>
    <lr-own-video .video=${video} @video-changed=${reread}></lr-own-video>
    <button class="button round keys-button" aria-label="Keys" title="Keys" @click=${showKeys}>
      ${icon('keyboard')}
    </button>
  </div>
  <lr-failed-tasks .video=${video}></lr-failed-tasks>`;
}
