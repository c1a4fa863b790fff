import { html, nothing, type TemplateResult } from 'lit';
import type { VideoState } from '../../api/session.ts';

/** What stands where the video will be, while its file arrives and a video is made of it. `percent`: 0 to 100. */
export function waitingForFile(state: VideoState, percent: number): TemplateResult {
  const isArriving = state === 'uploading';
  const whole = Math.floor(percent);
  return html`<div class="message" role="status">
    <h2 data-testid="waiting">
      ${isArriving ? 'The video is on its way here' : 'The video is being made'}
      <span class="waiting-dots" aria-hidden="true"><i></i><i></i><i></i></span>
    </h2>
    <p class="number" data-testid="made">
      ${!isArriving && whole > 0 ? html`${whole} % done. ` : nothing}It plays here by itself when it is there.
    </p>
  </div>`;
}
