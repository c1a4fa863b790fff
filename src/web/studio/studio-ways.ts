import { nothing, type TemplateResult } from 'lit';
import { chooseRecorderType } from '../../client/recorder-types.ts';
import { readWebrtcStatus, type WebrtcStatus } from '../../client/webrtc-status.ts';
import type { Way } from './broadcast.ts';
import { InstantBroadcast } from './instant-broadcast.ts';
import { Recording, type RecordingWishes, sessionRequest } from './recording.ts';
import { SafeBroadcast } from './safe-broadcast.ts';
import { type StudioSettings, saveSettings } from './studio-settings.ts';
import { wayChoice } from './way-choice.ts';

/** The ways a recording can be sent from here. Event `change` when they, or the choice, are others. */
export class StudioWays extends EventTarget {
  /**
   * What the browser's recorder makes, undefined where there is none that can be used. `?recorder=` asks for a
   * container and codec first, to see how a server takes it.
   */
  readonly recorderType = chooseRecorderType(
    new URLSearchParams(location.search).get('recorder') ?? undefined,
  );
  readonly #settings: StudioSettings;
  #webrtc: WebrtcStatus | undefined;

  /** Asks the server at once; until it has answered there is the safe way only. */
  constructor(settings: StudioSettings) {
    super();
    this.#settings = settings;
    void readWebrtcStatus(location.origin).then(status => {
      this.#webrtc = status;
      this.dispatchEvent(new Event('change'));
    });
  }

  /** The choice between them; nothing where there is none. */
  choice(): TemplateResult | typeof nothing {
    if (this.#webrtc?.usable !== true) return nothing;
    return wayChoice(this.#settings.way, way => this.choose(way));
  }

  /** Sends it this way from now on, also the next time. */
  choose(way: Way): void {
    this.#settings.way = way;
    saveSettings(this.#settings);
    this.dispatchEvent(new Event('change'));
  }

  /** Starts to record in the way that was chosen. @throws PublishError, or what MediaRecorder throws. */
  async start(media: MediaStream, wishes: RecordingWishes): Promise<Recording> {
    const request = sessionRequest(wishes);
    const isInstant = this.#settings.way === 'instant' && this.#webrtc?.usable === true;
    const broadcast = isInstant
      ? await InstantBroadcast.start(media, request, this.#webrtc?.iceServers ?? [])
      : await SafeBroadcast.start(media, this.recorderType ?? '', request);
    return new Recording(broadcast, wishes);
  }
}
