import { html, nothing, type TemplateResult } from 'lit';
import type { Recording } from './recording.ts';

/** What is true now, on top of the picture: the state of the recording in a pill, a notice in another. */
export function livePill(recording: Recording | undefined, notice: string | undefined): TemplateResult {
  const said = recording?.notice ?? notice;
  const noticePill =
    said === undefined ? nothing : html`<p class="pill wrong" data-testid="notice" role="status">${said}</p>`;
  if (recording === undefined) return html`${noticePill}`;
  const words = recording.words();
  // Only what goes wrong is spoken: the counters change four times a second.
  return html`<p class=${`pill number ${words.isWrong ? 'wrong' : ''}`} data-testid="pill" data-state=${recording.broadcast.state}>
      ${recording.isLive ? html`<i class="dot" aria-hidden="true"></i>` : nothing}${words.text}
    </p>
    <span class="only-spoken" role="status">${words.isWrong ? words.text.replace(/:.*/, '') : ''}</span>
    ${noticePill}`;
}
