import '../account/account-link.ts';
import { html, nothing, type TemplateResult } from 'lit';
import type { CameraProblem } from './camera.ts';

/** Who is logged in, and a way to their account; who has to log in first is led there. */
export function accountLink(): TemplateResult {
  return html`<lr-account-link></lr-account-link>`;
}

/** The first screen: says what this is, and asks before the browser does. */
export function welcomeMessage(
  isOpening: boolean,
  turnOn: () => void,
  shareScreen: (() => void) | undefined,
): TemplateResult {
  const words = isOpening
    ? 'Your browser asks whether this page may use camera and microphone. Choose Allow.'
    : 'Press record, send the link, and people watch while you speak. When you stop, the same link is the finished video.';
  return html`<div class="message centre">
    <h2>${isOpening ? 'Waiting for your camera' : 'Record a video, live from the first second'}</h2>
    <p>${words}</p>
    <div class="actions">
      <button class="button primary" data-testid="turn-on-camera" ?disabled=${isOpening} @click=${turnOn}>
        Turn on camera
      </button>
      ${
        shareScreen === undefined
          ? nothing
          : html`<button class="button" ?disabled=${isOpening} @click=${shareScreen}>Share a screen</button>`
      }
    </div>
  </div>`;
}

/** What can be done about a problem; what is undefined is not offered. */
export type NextSteps = {
  /** Where the part of the recording that is safe can be watched. */
  readonly safeUrl: string | undefined;
  readonly again: (() => void) | undefined;
  readonly retry: (() => void) | undefined;
  /** To record the safe way, where the instant one does not work. */
  readonly safeWay: (() => void) | undefined;
  readonly shareScreen: (() => void) | undefined;
  readonly dismiss: (() => void) | undefined;
};

/** A failure: a sentence, a reason, the next steps. */
export function problemMessage(problem: CameraProblem, steps: NextSteps): TemplateResult {
  const step = (label: string, run: (() => void) | undefined, kind = '') =>
    run === undefined ? nothing : html`<button class=${`button ${kind}`} @click=${run}>${label}</button>`;
  const actions =
    steps.safeUrl === undefined
      ? html`${step('Record the safe way', steps.safeWay, 'primary')}${step('Try again', steps.retry, steps.safeWay === undefined ? 'primary' : '')}${step('Share a screen', steps.shareScreen)}${step('Back', steps.dismiss)}`
      : html`<a class="button primary" href=${steps.safeUrl}>Open what is safe</a>${step('Record another', steps.again)}`;
  return html`<div class="message centre over" role="alert">
    <h2 data-testid="error-message">${problem.title}</h2>
    <p>${problem.advice}</p>
    <div class="actions">${actions}</div>
  </div>`;
}
