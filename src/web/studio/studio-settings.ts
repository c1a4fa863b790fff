import { html } from 'lit';
import { spokenLanguages } from '../../api/spoken-languages.ts';
import { languageChoices } from '../captions/spoken-languages.ts';
import { icon } from '../elements/icon.ts';
import { LightElement } from '../elements/light-element.ts';
import type { Way } from './broadcast.ts';
import { listDevices } from './camera.ts';

/** What a person sets for their recordings; all but the title stays for the next time. */
export type StudioSettings = {
  cameraId?: string;
  microphoneId?: string;
  height: 480 | 720 | 1080;
  title: string;
  /** How it is sent, where both ways are open. */
  way: Way;
  /** Whether what is said is captioned. */
  captions: boolean;
  /** Whether one sees one's own captions. */
  showsCaptions: boolean;
  /** Of the speech: BCP-47, or `auto`. */
  language: string;
};

/** Something was set; event `settings-changed`. */
export class SettingsChange extends Event {
  readonly changed: ReadonlySet<string>;

  constructor(changed: readonly string[]) {
    super('settings-changed');
    this.changed = new Set(changed);
  }
}

const storageKey = 'livereel.studio';
const heights = [480, 720, 1_080] as const;

/** The settings of the last time, as far as they are still readable. */
export function loadSettings(): StudioSettings {
  const settings: StudioSettings = standard();
  try {
    const stored = JSON.parse(localStorage.getItem(storageKey) ?? '{}') as Record<string, unknown>;
    if (typeof stored.cameraId === 'string') settings.cameraId = stored.cameraId;
    if (typeof stored.microphoneId === 'string') settings.microphoneId = stored.microphoneId;
    settings.height = heights.find(height => height === stored.height) ?? 720;
    if (stored.way === 'instant') settings.way = 'instant';
    if (typeof stored.captions === 'boolean') settings.captions = stored.captions;
    if (typeof stored.showsCaptions === 'boolean') settings.showsCaptions = stored.showsCaptions;
    if (spokenLanguages.some(tag => tag === stored.language)) settings.language = stored.language as string;
  } catch {
    // Storage is off or holds something else: the defaults do.
  }
  return settings;
}

function standard(): StudioSettings {
  return { height: 720, title: '', way: 'safe', captions: true, showsCaptions: true, language: 'auto' };
}

/** Keeps them for the next time. */
export function saveSettings({ title: _, ...kept }: StudioSettings): void {
  try {
    localStorage.setItem(storageKey, JSON.stringify(kept));
  } catch {
    // A private window: they hold until it is closed.
  }
}

/** The settings dialog. Event `settings-changed` (`SettingsChange`) after each change but of the title. */
export class StudioSettingsDialog extends LightElement {
  static override properties = { settings: {}, isRecording: {} };
  declare settings: StudioSettings;
  declare isRecording: boolean;
  #cameras: MediaDeviceInfo[] = [];
  #microphones: MediaDeviceInfo[] = [];

  constructor() {
    super();
    this.settings = standard();
    this.isRecording = false;
  }

  /** Opens it, with the devices that are there now. */
  async open(): Promise<void> {
    this.querySelector('dialog')?.showModal();
    if (navigator.mediaDevices === undefined) return;
    this.#cameras = await listDevices('videoinput');
    this.#microphones = await listDevices('audioinput');
    this.requestUpdate();
  }

  override render() {
    return html`<dialog aria-labelledby="settings-title">
      <header>
        <h2 id="settings-title">Settings</h2>
        <form method="dialog"><button class="button round" aria-label="Close">${icon('close')}</button></form>
      </header>
      <div class="fields">
        <label class="field"
          >Title
          <input
            data-testid="title"
            maxlength="200"
            placeholder="Untitled"
            .value=${this.settings.title}
            ?disabled=${this.isRecording}
            @input=${(event: InputEvent) => {
              this.settings.title = (event.target as HTMLInputElement).value.trim();
            }}
          />
        </label>
        ${this.#devices('Camera', this.#cameras, 'cameraId')}
        ${this.#devices('Microphone', this.#microphones, 'microphoneId')}
        <label class="field"
          >Resolution
          <select ?disabled=${this.isRecording} @change=${this.#chooseHeight}>
            ${heights.map(
              height =>
                html`<option value=${height} ?selected=${height === this.settings.height}>${height}p</option>`,
            )}
          </select>
        </label>
        ${this.#captionFields()}
        ${this.isRecording ? html`<p class="hint">What is grey can be changed after the recording.</p>` : null}
      </div>
    </dialog>`;
  }

  #captionFields() {
    const { captions, showsCaptions, language } = this.settings;
    return html`${tick('wants-captions', 'Caption what is said', captions, this.isRecording, isOn =>
      this.#change({ captions: isOn }),
    )}
      ${tick('shows-captions', 'Show me the captions', showsCaptions, !captions, isOn =>
        this.#change({ showsCaptions: isOn }),
      )}
      <label class="field"
        >Spoken language
        <select
          data-testid="spoken-language"
          ?disabled=${!captions}
          @change=${(event: Event) => this.#change({ language: (event.target as HTMLSelectElement).value })}
        >
          <option value="auto" ?selected=${language === 'auto'}>Found out while you speak</option>
          ${languageChoices().map(
            ({ tag, name }) => html`<option value=${tag} ?selected=${tag === language}>${name}</option>`,
          )}
        </select>
      </label>`;
  }

  #devices(name: string, devices: MediaDeviceInfo[], key: 'cameraId' | 'microphoneId') {
    return html`<label class="field"
      >${name}
      <select
        ?disabled=${this.isRecording || devices.length === 0}
        @change=${(event: Event) => this.#change({ [key]: (event.target as HTMLSelectElement).value })}
      >
        ${devices.length === 0 ? html`<option>None that is known yet</option>` : null}
        ${devices.map(
          (device, index) =>
            html`<option value=${device.deviceId} ?selected=${device.deviceId === this.settings[key]}>
              ${device.label || `${name} ${index + 1}`}
            </option>`,
        )}
      </select>
    </label>`;
  }

  readonly #chooseHeight = (event: Event): void => {
    const chosen = Number((event.target as HTMLSelectElement).value);
    this.#change({ height: heights.find(height => height === chosen) ?? 720 });
  };

  #change(change: Partial<StudioSettings>): void {
    Object.assign(this.settings, change);
    saveSettings(this.settings);
    this.dispatchEvent(new SettingsChange(Object.keys(change)));
    this.requestUpdate();
  }
}

function tick(name: string, label: string, isOn: boolean, isDisabled: boolean, run: (isOn: boolean) => void) {
  return html`<label class="tick"
    ><input
      type="checkbox"
      data-testid=${name}
      .checked=${isOn}
      ?disabled=${isDisabled}
      @change=${(event: Event) => run((event.target as HTMLInputElement).checked)}
    />${label}</label
  >`;
}

customElements.define('lr-studio-settings', StudioSettingsDialog);
