import '../account/account-link.ts';
import { html, nothing, type TemplateResult } from 'lit';
import '../upload/file-drop.ts';
import '../upload/upload-panel.ts';
import type { CameraProblem } from './camera.ts';

/** Who is logged in, and a way to their account; who has to log in first is led there. */
export function accountLink(): TemplateResult {
  return html`<lr-account-link></lr-account-link>`;
}
export type { DroppedFile } from '../upload/file-drop.ts';

/** The first screen: says what this is, and asks before the browser does. */
export function welcomeMessage(
  isOpening: boolean,
  turnOn: () => void,
  shareScreen: (() => void) | undefined,
  upload: (file: File) => void,
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
      ${isOpening ? nothing : fileButton(upload)}
    </div>
  </div>`;
}

/** Asks for a file; one that is dropped anywhere on the page is taken too. */
export function fileButton(upload: (file: File) => void, kind = ''): TemplateResult {
  const chosen = (event: Event) => {
    const input = event.target as HTMLInputElement;
    const file = input.files?.[0];
    // The same file may be chosen once more.
    input.value = '';
    if (file !== undefined) upload(file);
  };
  return html`<label class=${`button ${kind}`}>
    Upload a file
    <input
      class="only-spoken"
      type="file"
      accept="video/*,audio/mp4,.mkv,.flv,.ts,.m2ts,.avi,.wmv"
      data-testid="upload-file"
      @change=${chosen}
    />
  </label>`;
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
  /** A file in place of what cannot be recorded. */
  readonly upload: ((file: File) => void) | undefined;
};

/** A failure: a sentence, a reason, the next steps. */
export function problemMessage(problem: CameraProblem, steps: NextSteps): TemplateResult {
  const step = (label: string, run: (() => void) | undefined, kind = '') =>
    run === undefined ? nothing : html`<button class=${`button ${kind}`} @click=${run}>${label}</button>`;
  const actions =
    steps.safeUrl === undefined
      ? html`${step('Record the safe way', steps.safeWay, 'primary')}${step('Try again', steps.retry, steps.safeWay === undefined ? 'primary' : '')}${step('Share a screen', steps.shareScreen)}${steps.upload === undefined ? nothing : fileButton(steps.upload)}${step('Back', steps.dismiss)}`
      : html`<a class="button primary" href=${steps.safeUrl}>Open what is safe</a>${step('Record another', steps.again)}`;
  return html`<div class="message centre over" role="alert">
    <h2 data-testid="error-message">${problem.title}</h2>
    <p>${problem.advice}</p>
    <div class="actions">${actions}</div>
  </div>`;
}
