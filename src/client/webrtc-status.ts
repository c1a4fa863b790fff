import type { WebRtcAnswer } from '../api/webrtc.ts';
import { peerConnectionClass } from './peer-connection-class.ts';

/** Whether WebRTC can be used with a server, and how (docs/protocol.md, section 3.4). */
export type WebrtcStatus = Pick<WebRtcAnswer, 'usable' | 'reason' | 'iceServers'>;

/** Asks the server, and this browser. Never throws: what cannot be asked cannot be used. */
export async function readWebrtcStatus(serverUrl: string): Promise<WebrtcStatus> {
  if (peerConnectionClass() === undefined) return unusable('This browser has no WebRTC.');
  try {
    const answer = await fetch(new URL('/api/v1/webrtc', serverUrl).href);
    if (!answer.ok) return unusable('The server has no WebRTC.');
    const { usable, reason, iceServers } = (await answer.json()) as Partial<WebRtcAnswer>;
    return {
      usable: usable === true,
      reason: reason ?? null,
      iceServers: Array.isArray(iceServers) ? iceServers : [],
    };
  } catch {
    return unusable('The server does not answer.');
  }
}

function unusable(reason: string): WebrtcStatus {
  return { usable: false, reason, iceServers: [] };
}
