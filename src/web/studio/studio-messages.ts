import '../account/account-link.ts';
import { html, nothing, type TemplateResult } from 'lit';
import type { GivenAddress } from '../upload/address-field.ts';
import '../upload/address-field.ts';
import '../upload/file-drop.ts';
import '../upload/import-panel.ts';
import '../upload/upload-panel.ts';
import type { CameraProblem } from './camera.ts';

/** Who is logged in, and ways to their account and to the videos; who has to log in first is led there. */
export function waysOut(): TemplateResult {
  return html`<nav class="ways-out">
    <a class="button over-video" href="/videos">Videos</a><lr-account-link></lr-account-link>
  </nav>`;
}
export type { DroppedFile } from '../upload/file-drop.ts';

/** What is taken instead of a recording. */
export type BroughtIn = {
  readonly upload: (file: File) => void;
  /** `url`: the address of a video that is on the web. */
  readonly fetch: (url: string) => void;
};

/** The first screen: says what this is, and asks before the browser does. */
export function welcomeMessage(
  isOpening: boolean,
  turnOn: () => void,
  shareScreen: (() => void) | undefined,
  brought: BroughtIn,
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
      ${isOpening ? nothing : fileButton(brought.upload)}
    </div>
    ${isOpening ? nothing : addressField(brought.fetch)}
  </div>`;
}

/** Asks for the address of a video. */
export function addressField(fetch: (url: string) => void, isFolded = false): TemplateResult {
  return html`<lr-address-field
    ?is-folded=${isFolded}
    @address-given=${({ url }: GivenAddress) => fetch(url)}
  ></lr-address-field>`;
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
  /** Something else in place of what cannot be recorded. */
  readonly brought: BroughtIn | undefined;
};

/** A failure: a sentence, a reason, the next steps. */
export function problemMessage(problem: CameraProblem, steps: NextSteps): TemplateResult {
  const step = (label: string, run: (() => void) | undefined, kind = '') =>
    run === undefined ? nothing : html`<button class=${`button ${kind}`} @click=${run}>${label}</button>`;
  const actions =
    steps.safeUrl === undefined
      ? html`${step('Record the safe way', steps.safeWay, 'primary')}${step('Try again', steps.retry, steps.safeWay === undefined ? 'primary' : '')}${step('Share a screen', steps.shareScreen)}${steps.brought === undefined ? nothing : fileButton(steps.brought.upload)}${step('Back', steps.dismiss)}`
      : html`<a class="button primary" href=${steps.safeUrl}>Open what is safe</a>${step('Record another', steps.again)}`;
  return html`<div class="message centre over" role="alert">
    <h2 data-testid="error-message">${problem.title}</h2>
    <p>${problem.advice}</p>
    <div class="actions">${actions}</div>
    ${steps.brought === undefined || steps.safeUrl !== undefined ? nothing : addressField(steps.brought.fetch)}
  </div>`;
}
