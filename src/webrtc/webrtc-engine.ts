import type { MediaFrame } from '../rtp/media-frame.ts';
import type { RtpCodec } from '../rtp/negotiated-media.ts';

/** What a peer is answered: `201` of WHIP (RFC 9725, section 4.2) and of WHEP. */
export type PeerAnswer = {
  /** Unguessable; names the peer in `Location`. */
  readonly peerId: string;
  readonly sdp: string;
  /** Changes with each restart of ICE. As it stands in the header, with its quotes. */
  readonly etag: string;
};

/** How things stand between the engine and a publisher; called in order, never after `gone`. */
export interface PublishedMedia {
  /** A whole frame, in decoding order of its kind. The bytes are the listener's. */
  frame(frame: MediaFrame): void;
  /** The first packet came through. */
  connected(): void;
  /** The connection is over: the peer hung up, vanished, or the engine died with it. */
  gone(reason: string): void;
}

/** Frames of a live session that another door publishes: they go to its viewers by WebRTC. */
export interface StreamFeed {
  /** Called with the newest group of pictures first, then as frames come. The bytes may be kept until it returns only. */
  frame(frame: MediaFrame): void;
  close(): void;
}

/** A live stream that may be watched by WebRTC although no WebRTC peer publishes it. */
export interface FeedableStream {
  readonly codecs: readonly RtpCodec[];
  /** The first viewer came: begin to feed; `close` of what is answered when the last one left. */
  feed(feed: StreamFeed): { close(): void };
}

/** What the engine does and costs now; all zero while it restarts. Counters begin anew with the process. */
export type WebRtcStatistics = {
  readonly publishers: number;
  readonly viewers: number;
  /** RTP packets that came from publishers, and that went to viewers. */
  readonly packetsReceived: number;
  readonly packetsSent: number;
  /** Of the packets that publishers sent: lost for good, and lost but sent again. */
  readonly packetsLost: number;
  readonly packetsRecovered: number;
  /** Frames that were thrown away because the server did not take them in time. */
  readonly framesDropped: number;
  /** Of the child process: resident memory, and processor time since its start. */
  readonly memoryBytes: number;
  readonly cpuSeconds: number;
};

/**
 * The WebRTC engine as the server sees it: a child process does the work. When it dies, all peers are `gone`, and it
 * is back within a second. Requests reject with `LivereelError`: `malformed-sdp` (400), `no-common-codec` (422),
 * `webrtc-unavailable` (501: cannot be loaded, or has no port), `webrtc-restarting` (503), `server-full` (503),
 * `peer-not-found` (404), `not-live` (409: nobody publishes, and there is nothing to feed).
 */
export interface WebRtcEngine {
  /** Null when it works; else why not, in a sentence for people. */
  readonly unavailable: string | null;
  /** The UDP port of all peers; null while there is none. */
  readonly udpPort: number | null;
  /** A publisher's offer for the stream `streamId`; who published it before is `gone`. */
  publish(streamId: string, offer: string, media: PublishedMedia): Promise<PeerAnswer>;
  /**
   * A viewer's offer. `stream`: what to feed when no WebRTC peer publishes `streamId`; null: only such a peer will do.
   * `gone`: called once, when the viewer that was answered is there no more.
   */
  view(
    streamId: string,
    offer: string,
    stream: FeedableStream | null,
    gone: (reason: string) => void,
  ): Promise<PeerAnswer>;
  /**
   * A trickled fragment (RFC 8840) of a peer: candidates, or new credentials, which restart ICE. Resolves with the
   * fragment that answers a restart, null where there is nothing to say. `ifMatch`: the entity tag that was sent, if one
   * was; `*` fits any. @throws LivereelError also `precondition-required` without one, `precondition-failed` when it is
   * not the newest (RFC 9725, section 4.3.2), `ice-restart-refused` (422).
   */
  trickle(
    peerId: string,
    fragment: string,
    ifMatch: string | null,
  ): Promise<{ sdp: string; etag: string } | null>;
  /** The peer hangs up. Unknown peers are no error. */
  hangUp(peerId: string): Promise<void>;
  /** How many watch a stream by WebRTC; told when it changes. */
  onViewers(listener: (streamId: string, count: number) => void): void;
  /** Never rejects. */
  statistics(): Promise<WebRtcStatistics>;
  close(): Promise<void>;
}
