import './studio.css';
import { html, nothing } from 'lit';
import { type KeyAction, keysDialog, runKey } from '../elements/keys.ts';
import { LightElement } from '../elements/light-element.ts';
import { type CameraProblem, isCameraGranted, platformProblem } from './camera.ts';
import { CaptureMedia } from './capture-media.ts';
import { livePill } from './live-pill.ts';
import { type Recording, recordingProblem } from './recording.ts';
import { studioControls } from './studio-controls.ts';
import {
  addressField,
  type DroppedFile,
  fileButton,
  problemMessage,
  waysOut,
  welcomeMessage,
} from './studio-messages.ts';
import type { StudioPicture } from './studio-picture.ts';
import { StudioWays } from './studio-ways.ts';
import './studio-picture.ts';
import { loadSettings, type SettingsChange, type StudioSettingsDialog } from './studio-settings.ts';
import './finished-take.ts';

type Stage =
  | 'welcome'
  | 'opening'
  | 'preview'
  | 'starting'
  | 'recording'
  | 'finishing'
  | 'finished'
  | 'uploading'
  | 'importing';

const redrawMillis = 250;

/** The capture page: preview, one button, the truth on top, and after stop the take. */
export class StudioPage extends LightElement {
  readonly #settings = loadSettings();
  readonly #media = new CaptureMedia();
  readonly #ways = new StudioWays(this.#settings);
  #stage: Stage = 'welcome';
  #problem: (CameraProblem & { readonly needsOtherWay?: boolean }) | undefined;
  #recording: Recording | undefined;
  #file: File | undefined;
  #address: string | undefined;
  #still: string | undefined;
  #redraw: ReturnType<typeof setInterval> | undefined;

  constructor() {
    super();
    this.#media.addEventListener('change', () => this.requestUpdate());
    this.#ways.addEventListener('change', () => this.requestUpdate());
    this.#problem = platformProblem(this.#ways.recorderType);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    document.title = 'Record - livereel';
    document.addEventListener('keydown', this.#onKey);
    window.addEventListener('beforeunload', this.#onLeave);
    window.addEventListener('pagehide', this.#onGone);
    if (this.#problem === undefined) {
      void isCameraGranted().then(isGranted => {
        if (isGranted && this.#stage === 'welcome') void this.#turnOn();
      });
    }
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener('keydown', this.#onKey);
    window.removeEventListener('beforeunload', this.#onLeave);
    window.removeEventListener('pagehide', this.#onGone);
    clearInterval(this.#redraw);
    this.#recording?.close();
    this.#media.close();
  }

  override render() {
    if (this.#stage === 'finished') return this.#finished();
    if (this.#stage === 'uploading' || this.#stage === 'importing') return this.#bringing();
    const isWelcome = this.#stage === 'welcome' || this.#stage === 'opening';
    return html`<main class=${`studio ${this.#stage}`}>
      <h1 class="only-spoken">Record a video</h1>
      ${isWelcome ? html`<p class="wordmark">livereel</p>` : nothing}
      ${isWelcome || this.#stage === 'preview' ? waysOut() : nothing}
      ${this.#picture()}
      <div class="top">${livePill(this.#recording, this.#media.notice)}${this.#watchLink()}${this.#stage === 'preview' ? this.#instead() : nothing}</div>
      ${isWelcome || this.#problem !== undefined ? this.#centre() : nothing}
      ${this.#stage === 'preview' && this.#problem === undefined ? this.#ways.choice() : nothing}
      ${isWelcome ? nothing : this.#controls()}
      <lr-studio-settings
        .settings=${this.#settings}
        .isRecording=${this.#stage === 'recording' || this.#stage === 'finishing'}
        @settings-changed=${this.#onSettings}
      ></lr-studio-settings>
      ${keysDialog(this.#keys)} ${this.#dropHere()}
    </main>`;
  }

  #bringing() {
    const isFile = this.#stage === 'uploading';
    const closed = () => this.#show('welcome');
    return html`<main class="studio uploading">
      <h1 class="only-spoken">${isFile ? 'Upload a video' : 'Import a video'}</h1>
      <p class="wordmark">livereel</p>
      ${
        isFile
          ? html`<lr-upload .file=${this.#file} @closed=${closed}></lr-upload>`
          : html`<lr-import .url=${this.#address} @closed=${closed}></lr-import>`
      }
      ${this.#dropHere()}
    </main>`;
  }

  #instead() {
    return html`<div class="instead">
      ${fileButton(this.#upload, 'over-video')}${addressField(this.#fetch, true)}
    </div>`;
  }

  #dropHere() {
    return html`<lr-file-drop
      .isOpen=${this.#takesFiles}
      @file-dropped=${({ file }: DroppedFile) => this.#upload(file)}
    ></lr-file-drop>`;
  }

  #picture() {
    const { preview, isScreen, isMirrored } = this.#media;
    if (preview === null) return nothing;
    const captions = this.#recording?.captions;
    return html`<lr-studio-picture
      .stream=${preview}
      .isScreen=${isScreen}
      .isMirrored=${isMirrored}
      .captions=${this.#settings.showsCaptions ? captions?.feed : undefined}
      .trouble=${captions?.trouble ?? ''}
    ></lr-studio-picture>`;
  }

  #watchLink() {
    const recording = this.#recording;
    if (recording === undefined || !recording.broadcast.isWatchable) return nothing;
    return html`<lr-copy-link
      class="over-video"
      .href=${recording.watchUrl}
      .showAddress=${true}
      label="Copy"
    ></lr-copy-link>`;
  }

  #centre() {
    const canShareScreen = this.#media.canShareScreen;
    const share = canShareScreen ? this.#shareScreen : undefined;
    if (this.#problem === undefined)
      return welcomeMessage(this.#stage === 'opening', this.#turnOn, share, this.#brought);
    const isPossible = platformProblem(this.#ways.recorderType) === undefined;
    const isOpen = this.#media.preview !== null;
    return problemMessage(this.#problem, {
      safeUrl: this.#recording?.watchUrl,
      again: this.#recording === undefined ? undefined : () => void this.#again(),
      retry: !isPossible ? undefined : isOpen ? () => void this.#start() : this.#turnOn,
      safeWay: this.#problem.needsOtherWay === true && isOpen ? this.#recordSafely : undefined,
      shareScreen: isPossible && !isOpen ? share : undefined,
      dismiss: isOpen ? () => this.#dismiss() : undefined,
      brought: this.#stage === 'welcome' ? this.#brought : undefined,
    });
  }

  #controls() {
    const recording = this.#recording;
    const isRecording = this.#stage === 'recording';
    return studioControls(
      this.#media,
      {
        isRecording,
        elapsedSeconds: recording?.elapsedSeconds,
        isEnabled: isRecording || (this.#stage === 'preview' && this.#problem === undefined),
        canSwitch:
          recording === undefined ? this.#stage === 'preview' : recording.broadcast.canSwitch && isRecording,
      },
      {
        recordOrStop: this.#recordOrStop,
        swap: this.#swap,
        mute: this.#mute,
        shareScreen: this.#shareScreen,
        backToCamera: this.#backToCamera,
        openSettings: this.#openSettings,
        showKeys: this.#showKeys,
      },
    );
  }

  #finished() {
    const recording = this.#recording as Recording;
    return html`<main class="studio finished">
      <lr-finished-take
        .videoId=${recording.broadcast.session.id}
        .ingestToken=${recording.broadcast.session.ingestToken}
        .savedTitle=${recording.title}
        .watchUrl=${recording.watchUrl}
        .still=${this.#still}
        @record-another=${() => this.#again()}
      ></lr-finished-take>
    </main>`;
  }

  readonly #onSettings = (event: Event): void => {
    const { changed } = event as SettingsChange;
    if (changed.has('language')) void this.#recording?.captions?.setLanguage(this.#settings.language);
    if (['cameraId', 'microphoneId', 'height'].some(key => changed.has(key))) {
      void this.#media.choose(this.#settings);
    }
    this.requestUpdate();
  };

  /** Not while something is recorded, which it would end. */
  get #takesFiles(): boolean {
    return ['welcome', 'preview', 'finished'].includes(this.#stage);
  }

  readonly #upload = (file: File): void => {
    if (!this.#takesFiles) return;
    this.#media.close();
    this.#file = file;
    this.#show('uploading');
  };

  readonly #fetch = (url: string): void => {
    this.#media.close();
    this.#address = url;
    this.#show('importing');
  };

  readonly #brought = { upload: this.#upload, fetch: this.#fetch };

  readonly #turnOn = async (): Promise<void> => {
    this.#show('opening');
    this.#problem = await this.#media.open(this.#settings);
    this.#show(this.#problem === undefined ? 'preview' : 'welcome');
  };

  readonly #shareScreen = async (): Promise<void> => {
    const problem = await this.#media.shareScreen(this.#settings);
    this.#problem = problem ?? (this.#media.preview === null ? this.#problem : undefined);
    if (this.#stage === 'welcome' && this.#media.preview !== null) this.#stage = 'preview';
    this.#afterSwitch();
  };

  readonly #backToCamera = async (): Promise<void> => {
    await this.#media.backToCamera(this.#settings);
    this.#afterSwitch();
  };

  readonly #swap = async (): Promise<void> => {
    await this.#media.nextCamera(this.#settings);
    this.#afterSwitch();
  };

  #afterSwitch(): void {
    const track = this.#media.videoTrack;
    if (track !== undefined && this.#stage === 'recording') this.#recording?.broadcast.switchTo(track);
    this.requestUpdate();
  }

  readonly #mute = (): void => this.#media.toggleMute();

  readonly #openSettings = (): void => {
    void this.querySelector<StudioSettingsDialog>('lr-studio-settings')?.open();
  };

  readonly #showKeys = (): void => this.querySelector<HTMLDialogElement>('#keys')?.showModal();

  readonly #recordOrStop = (): void => {
    if (this.#stage === 'recording') void this.#stop();
    else if (this.#stage === 'preview') void this.#start();
  };

  async #start(): Promise<void> {
    const media = this.#media.preview;
    if (media === null) return;
    this.#problem = undefined;
    this.#show('starting');
    try {
      const recording = await this.#ways.start(media, this.#settings);
      this.#recording = recording;
      recording.addEventListener('change', () => this.#onRecording());
      recording.addEventListener('stopped', () => void this.#stop());
      this.#redraw = setInterval(() => this.requestUpdate(), redrawMillis);
      this.#show('recording');
    } catch (error) {
      this.#problem = recordingProblem(error);
      this.#show('preview');
    }
  }

  async #stop(): Promise<void> {
    if (this.#recording === undefined || this.#stage !== 'recording') return;
    this.#show('finishing');
    try {
      await this.#recording.stop();
      this.#still = this.querySelector<StudioPicture>('lr-studio-picture')?.still;
      this.#media.close();
      this.#show('finished');
    } catch (error) {
      this.#problem = recordingProblem(error);
      this.requestUpdate();
    }
    clearInterval(this.#redraw);
  }

  /** The server may end or refuse a session while it is recorded. */
  #onRecording(): void {
    const state = this.#recording?.broadcast.state;
    if (this.#stage === 'recording' && (state === 'failed' || state === 'ended')) void this.#stop();
    this.requestUpdate();
  }

  async #again(): Promise<void> {
    this.#recording?.close();
    this.#recording = undefined;
    clearInterval(this.#redraw);
    this.#settings.title = '';
    this.#problem = undefined;
    if (this.#media.preview === null) await this.#turnOn();
    else this.#show('preview');
  }

  readonly #recordSafely = (): void => {
    this.#ways.choose('safe');
    void this.#start();
  };

  #dismiss(): void {
    this.#problem = undefined;
    this.requestUpdate();
  }

  #show(stage: Stage): void {
    this.#stage = stage;
    this.requestUpdate();
  }

  readonly #onKey = (event: KeyboardEvent): void => {
    if (this.#stage !== 'finished') runKey(event, this.#keys);
  };

  readonly #onLeave = (event: BeforeUnloadEvent): void => {
    const isUnsafe = (this.#recording?.broadcast.keptBytes ?? 0) > 0 && this.#stage !== 'finished';
    if (this.#stage === 'recording' || (this.#stage === 'finishing' && isUnsafe)) event.preventDefault();
  };

  readonly #onGone = (event: PageTransitionEvent): void => {
    if (!event.persisted) this.#recording?.abandon();
  };

  readonly #keys: readonly KeyAction[] = [
    { does: 'Record, stop', caps: ['Space', 'R'], keys: [' ', 'r'], run: () => this.#recordOrStop() },
    { does: 'Mute, turn sound on', caps: ['M'], keys: ['m'], run: () => this.#mute() },
    { does: 'Change camera', caps: ['C'], keys: ['c'], run: () => this.#click('.change-camera') },
    { does: 'Share a screen', caps: ['S'], keys: ['s'], run: () => this.#click('.share-screen') },
    { does: 'Settings', caps: [','], keys: [','], run: () => this.#openSettings() },
    {
      does: 'Copy the link',
      caps: ['L'],
      keys: ['l'],
      run: () => void this.querySelector<HTMLElement & { copy(): Promise<void> }>('lr-copy-link')?.copy(),
    },
    { does: 'Show the keys', caps: ['?'], keys: ['?'], run: () => this.#showKeys() },
  ];

  #click(selector: string): void {
    this.querySelector<HTMLButtonElement>(selector)?.click();
  }
}

customElements.define('lr-studio', StudioPage);
