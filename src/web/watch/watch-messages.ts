import { html, type TemplateResult } from 'lit';
import '../account/login-link.ts';
import type { VideoAnswer } from '../elements/video-api.ts';
import { sentence } from '../elements/words.ts';
import './import-again.ts';

/** In place of the picture: why there is none. `reread`: it is tried again. */
export function failedMessage(video: VideoAnswer, reread: () => void): TemplateResult {
  return html`<div class="message" role="alert">
    <h2 data-testid="error-message">This video could not be made</h2>
    <p>${sentence(video.error?.message ?? 'Whoever it belongs to is told why')}</p>
    <div class="actions">
      ${
        video.input === 'import'
          ? html`<lr-import-again .video=${video} @video-changed=${reread}></lr-import-again>`
          : html`<a class="button primary" href="/"
              >${video.input === 'upload' ? 'Send another file' : 'Record a video'}</a
            >`
      }
    </div>
  </div>`;
}

/** In place of the page: it was there a moment ago. */
export function deletedMessage(): TemplateResult {
  return html`<main class="centred">
    <div class="message" role="alert">
      <h1 data-testid="error-message">This video was deleted</h1>
      <p>Whoever it belongs to has just deleted it, for good.</p>
      <div class="actions"><a class="button primary" href="/">Record a video</a></div>
    </div>
  </main>`;
}

/** In place of the page: there is nothing, or nothing for who asks; which of the two is not told. */
export function nothingHereMessage(): TemplateResult {
  return html`<main class="centred">
    <div class="message">
      <h1 data-testid="error-message">There is no video here</h1>
      <p>It was deleted, it is private, or the link is not complete. Ask whoever sent it to you for a new one.</p>
      <div class="actions">
        <a class="button primary" href="/">Record a video</a><lr-login-link></lr-login-link>
      </div>
    </div>
  </main>`;
}

/** In place of the page: nobody knows yet. */
export function unreachableMessage(reason: string): TemplateResult {
  return html`<main class="centred">
    <div class="message" role="alert">
      <h1 data-testid="error-message">The video cannot be loaded</h1>
      <p>${reason}</p>
      <div class="actions">
        <button class="button primary" @click=${() => location.reload()}>Reload</button>
      </div>
    </div>
  </main>`;
}
