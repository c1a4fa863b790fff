import type { Log } from '../log.ts';
import { ChildWebRtcEngine } from './child-webrtc-engine.ts';
import { UnavailableWebRtcEngine } from './unavailable-webrtc-engine.ts';
import type { WebRtcEngine } from './webrtc-engine.ts';

/** How the WebRTC engine is reached, and how much it may do. */
export type WebRtcOptions = {
  /** Address or name to listen on: `0.0.0.0` or `::` for all. */
  readonly host: string;
  /** UDP, one for all peers. 0: a free one is picked. */
  readonly port: number;
  /** IP addresses that peers are told; empty: those of this machine. For Docker and NAT. */
  readonly announcedAddresses: readonly string[];
  /** Publishers and viewers together. */
  readonly maxPeers: number;
  readonly maxViewersPerStream: number;
  /** For the pid file; exists. */
  readonly runDir: string;
  readonly log: Log;
};

/** Starts the engine. Never rejects: what cannot be is `unavailable`, and the rest of the server goes on without. */
export async function openWebRtcEngine(options: WebRtcOptions): Promise<WebRtcEngine> {
  const { runDir, log, ...settings } = options;
  try {
    return await ChildWebRtcEngine.start(settings, runDir, log);
  } catch (error) {
    log.error({ err: error }, 'webrtc cannot be used');
    return new UnavailableWebRtcEngine((error as Error).message);
  }
}
