import { LivereelError } from '../errors.ts';
import type { PeerAnswer, WebRtcEngine, WebRtcStatistics } from './webrtc-engine.ts';

/** Stands where there is no WebRTC: switched off, or not to be had on this machine. Says why to whoever asks. */
export class UnavailableWebRtcEngine implements WebRtcEngine {
  readonly unavailable: string;
  readonly udpPort = null;

  /** `reason`: a sentence for people. */
  constructor(reason: string) {
    this.unavailable = reason;
  }

  async publish(): Promise<PeerAnswer> {
    throw this.#error();
  }

  async view(): Promise<PeerAnswer> {
    throw this.#error();
  }

  async trickle(): Promise<null> {
    throw this.#error();
  }

  async hangUp(): Promise<void> {}

  onViewers(): void {}

  async statistics(): Promise<WebRtcStatistics> {
    return noStatistics;
  }

  async close(): Promise<void> {}

  #error(): LivereelError {
    return new LivereelError('webrtc-unavailable', this.unavailable);
  }
}

/** Nobody there, nothing done. */
export const noStatistics: WebRtcStatistics = {
  publishers: 0,
  viewers: 0,
  packetsReceived: 0,
  packetsSent: 0,
  packetsLost: 0,
  packetsRecovered: 0,
  framesDropped: 0,
  memoryBytes: 0,
  cpuSeconds: 0,
};
