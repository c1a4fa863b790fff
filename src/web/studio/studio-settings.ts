import { html } from 'lit';
import { icon } from '../elements/icon.ts';
import { LightElement } from '../elements/light-element.ts';
import { listDevices } from './camera.ts';

/** What a person sets for their recordings; all but the title stays for the next time. */
export type StudioSettings = {
  cameraId?: string;
  microphoneId?: string;
  height: 480 | 720 | 1080;
  title: string;
};

const storageKey = 'livereel.studio';
const heights = [480, 720, 1_080] as const;

/** The settings of the last time, as far as they are still readable. */
export function loadSettings(): StudioSettings {
  const settings: StudioSettings = { height: 720, title: '' };
  try {
    const stored = JSON.parse(localStorage.getItem(storageKey) ?? '{}') as Record<string, unknown>;
    if (typeof stored.cameraId === 'string') settings.cameraId = stored.cameraId;
    if (typeof stored.microphoneId === 'string') settings.microphoneId = stored.microphoneId;
    settings.height = heights.find(height => height === stored.height) ?? 720;
  } catch {
    // Storage is off or holds something else: the defaults do.
  }
  return settings;
}

function saveSettings({ cameraId, microphoneId, height }: StudioSettings): void {
  try {
    localStorage.setItem(storageKey, JSON.stringify({ cameraId, microphoneId, height }));
  } catch {
    // A private window: they hold until it is closed.
  }
}

/** The settings dialog. Event `settings-changed` (detail: `StudioSettings`) after each change of a device or size. */
export class StudioSettingsDialog extends LightElement {
  static override properties = { settings: {}, isRecording: {} };
  declare settings: StudioSettings;
  declare isRecording: boolean;
  #cameras: MediaDeviceInfo[] = [];
  #microphones: MediaDeviceInfo[] = [];

  constructor() {
    super();
    this.settings = { height: 720, title: '' };
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
        ${this.isRecording ? html`<p class="hint">These can be changed after the recording.</p>` : null}
      </div>
    </dialog>`;
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
    this.dispatchEvent(new CustomEvent('settings-changed', { detail: this.settings }));
    this.requestUpdate();
  }
}

customElements.define('lr-studio-settings', StudioSettingsDialog);
