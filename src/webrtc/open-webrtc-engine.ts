import type { Log } from '../log.ts';
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
  options.log.debug({ port: options.port }, 'webrtc is not there yet');
  return new UnavailableWebRtcEngine('This server has no WebRTC yet.');
}
