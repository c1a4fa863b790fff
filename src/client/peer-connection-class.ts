/** One STUN or TURN server, as RTCPeerConnection takes it. */
export type IceServer = {
  readonly urls: string | readonly string[];
  readonly username?: string | undefined;
  readonly credential?: string | undefined;
};

/** What is used of a MediaStreamTrack; the server is compiled without a DOM, so browsers' types are told here. */
export interface TrackLike {
  readonly kind: string;
  readonly id: string;
  getSettings?(): { width?: number; height?: number; frameRate?: number };
}

/** What is used of a MediaStream. */
export interface StreamLike {
  getTracks(): TrackLike[];
}

/** What is used of an RTCRtpSender. */
export interface SenderLike {
  readonly track: TrackLike | null;
  replaceTrack(track: never): Promise<void>;
}

/** What is used of an RTCRtpTransceiver. */
export interface TransceiverLike {
  readonly sender: SenderLike;
  readonly receiver: { jitterBufferTarget?: number | null; playoutDelayHint?: number | null };
  setCodecPreferences?(codecs: never): void;
}

/** One codec of `RTCRtpSender.getCapabilities`. */
export type CodecCapability = { readonly mimeType: string; readonly sdpFmtpLine?: string };

/** One entry of `getStats`. */
export type StatsEntry = Readonly<Record<string, unknown>> & { readonly type: string };

/** What is used of an RTCPeerConnection: the browsers' have it. */
export interface PeerConnectionLike {
  readonly connectionState: string;
  readonly localDescription: { readonly sdp: string } | null;
  onconnectionstatechange: ((event: never) => void) | null;
  ontrack: ((event: never) => void) | null;
  addTransceiver(trackOrKind: never, init: object): TransceiverLike;
  createOffer(options?: { iceRestart?: boolean }): Promise<{ type: string; sdp?: string }>;
  setLocalDescription(description: never): Promise<void>;
  setRemoteDescription(description: never): Promise<void>;
  getStats(): Promise<{ forEach(take: (entry: StatsEntry) => void): void }>;
  close(): void;
}

/** Makes a peer connection. */
export type PeerConnectionClass = new (options: {
  iceServers: IceServer[];
  bundlePolicy: string;
}) => PeerConnectionLike;

/** The browser's own; undefined where there is none (Node, WebRTC switched off). */
export function peerConnectionClass(): PeerConnectionClass | undefined {
  return (globalThis as { RTCPeerConnection?: PeerConnectionClass }).RTCPeerConnection;
}
