import { html, nothing, type TemplateResult } from 'lit';
import { type IconName, icon } from '../elements/icon.ts';
import { clock } from '../elements/words.ts';
import type { CaptureMedia } from './capture-media.ts';

/** What the buttons show. */
export type ControlsView = {
  readonly isRecording: boolean;
  /** Undefined before a recording. */
  readonly elapsedSeconds: number | undefined;
  /** Whether the big button does something. */
  readonly isEnabled: boolean;
  readonly canSwitch: boolean;
};

/** What the buttons do. */
export type ControlsActions = Record<
  'recordOrStop' | 'swap' | 'mute' | 'shareScreen' | 'backToCamera' | 'openSettings' | 'showKeys',
  () => void
>;

/** The row at the bottom: one big round button, the camera at its left, screen and settings at its right. */
export function studioControls(
  media: CaptureMedia,
  view: ControlsView,
  run: ControlsActions,
): TemplateResult {
  const { isScreen, isMuted, hasSound, canShareScreen } = media;
  const fixed = view.isRecording && !view.canSwitch ? ' (not while recording, in this browser)' : '';
  return html`<div class="controls">
    <div class="side left">
      ${tool('change-camera', `Change camera${fixed}`, 'swap', view.canSwitch && !isScreen, run.swap)}
      ${tool('mute', isMuted ? 'Turn sound on' : 'Mute', isMuted ? 'mic-off' : 'mic', hasSound, run.mute)}
    </div>
    <button
      class="record"
      data-testid=${view.isRecording ? 'stop' : 'record'}
      ?disabled=${!view.isEnabled}
      @click=${run.recordOrStop}
    >
      <span class="only-spoken">${view.isRecording ? 'Stop recording' : 'Record'}</span>
      <span class="disc">
        ${
          view.elapsedSeconds === undefined
            ? nothing
            : html`<i class="square"></i><time>${clock(view.elapsedSeconds)}</time>`
        }
      </span>
    </button>
    <div class="side right">
      ${
        !canShareScreen
          ? nothing
          : isScreen
            ? tool('share-screen', 'Back to the camera', 'screen-off', view.canSwitch, run.backToCamera)
            : tool('share-screen', `Share a screen${fixed}`, 'screen', view.canSwitch, run.shareScreen)
      }
      ${tool('settings', 'Settings', 'settings', true, run.openSettings)}
      ${tool('keys-button', 'Keys', 'keyboard', true, run.showKeys)}
    </div>
  </div>`;
}

function tool(
  name: string,
  label: string,
  svg: IconName,
  isEnabled: boolean,
  run: () => void,
): TemplateResult {
  return html`<button
    class=${`button round over-video ${name}`}
    data-testid=${name}
    aria-label=${label}
    title=${label}
    ?disabled=${!isEnabled}
    @click=${run}
  >
    ${icon(svg)}
  </button>`;
}
