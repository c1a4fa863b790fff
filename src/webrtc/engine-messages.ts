import { type ErrorCode, LivereelError } from '../errors.ts';
import type { RtpCodec } from '../rtp/negotiated-media.ts';
import { type FrameHead, readFrameHead } from './frame-head.ts';
import type { PipeMessage } from './message-pipe.ts';
import type { WebRtcStatistics } from './webrtc-engine.ts';

/** How the child is set up: its one argument, as JSON. */
export type EngineSettings = {
  readonly host: string;
  readonly port: number;
  readonly announcedAddresses: readonly string[];
  readonly maxPeers: number;
  readonly maxViewersPerStream: number;
};

/** What the server asks of the engine; each with an `id` is answered by `answered` or `refused` with that id. */
export type EngineRequest =
  | {
      readonly kind: 'publish';
      readonly id: number;
      readonly peerId: string;
      readonly streamId: string;
      readonly offer: string;
    }
  | {
      readonly kind: 'view';
      readonly id: number;
      readonly peerId: string;
      readonly streamId: string;
      readonly offer: string;
      /** Of a stream that can be fed; null when only a publisher's will do. */
      readonly codecs: readonly RtpCodec[] | null;
    }
  | {
      readonly kind: 'trickle';
      readonly id: number;
      readonly peerId: string;
      readonly fragment: string;
      readonly ifMatch: string | null;
    }
  | { readonly kind: 'hang-up'; readonly id: number; readonly peerId: string }
  | { readonly kind: 'statistics'; readonly id: number }
  /** A frame of a stream that was wanted; with a body. */
  | { readonly kind: 'feed'; readonly streamId: string; readonly frame: FrameHead }
  /** No more frames of that stream will come. */
  | { readonly kind: 'feed-ended'; readonly streamId: string };

/** What a request is answered with; `sdp` and `etag` empty where there is nothing to say. */
export type EngineAnswer = {
  readonly sdp: string;
  readonly etag: string;
  readonly statistics: WebRtcStatistics | null;
};

/** What the engine tells the server. */
export type EngineReport =
  | { readonly kind: 'ready'; readonly port: number }
  /** It cannot work here, and ends. */
  | { readonly kind: 'unavailable'; readonly reason: string }
  | { readonly kind: 'answered'; readonly id: number; readonly answer: EngineAnswer }
  | { readonly kind: 'refused'; readonly id: number; readonly code: ErrorCode; readonly message: string }
  | { readonly kind: 'connected'; readonly peerId: string }
  | { readonly kind: 'gone'; readonly peerId: string; readonly reason: string }
  /** A publisher's frame; with a body. Its head is bytes, not JSON: see frame-head.ts. */
  | { readonly kind: 'frame'; readonly peerId: string; readonly frame: FrameHead }
  | { readonly kind: 'viewers'; readonly streamId: string; readonly count: number }
  /** The first viewer of a stream came that nobody publishes by WebRTC; or the last one left. */
  | { readonly kind: 'feed-wanted'; readonly streamId: string; readonly isWanted: boolean }
  | { readonly kind: 'note'; readonly level: 'debug' | 'warn'; readonly message: string };

/** What the engine may refuse a request with; anything else is `internal`. */
const refusals: readonly string[] = [
  'malformed-sdp',
  'no-common-codec',
  'server-full',
  'peer-not-found',
  'not-live',
  'precondition-failed',
  'precondition-required',
  'ice-restart-refused',
] satisfies ErrorCode[];
const longestText = 256 * 1024;

/**
 * Reads what the child says: it parses what strangers send, and is not trusted to be as it was written.
 * @throws LivereelError `malformed-message`.
 */
export function readReport({ head }: PipeMessage): EngineReport {
  if (head instanceof Uint8Array) return { kind: 'frame', ...readFrameHead(head) };
  const fields = new Fields(head);
  const kind = fields.text('kind');
  switch (kind) {
    case 'ready':
      return { kind, port: fields.count('port', 65_535) };
    case 'unavailable':
      return { kind, reason: fields.text('reason') };
    case 'answered':
      return { kind, id: fields.count('id'), answer: readAnswer(fields.inner('answer')) };
    case 'refused': {
      const code = fields.text('code');
      const known = refusals.includes(code) ? (code as ErrorCode) : 'internal';
      return { kind, id: fields.count('id'), code: known, message: fields.text('message') };
    }
    case 'connected':
      return { kind, peerId: fields.text('peerId') };
    case 'gone':
      return { kind, peerId: fields.text('peerId'), reason: fields.text('reason') };
    case 'viewers':
      return { kind, streamId: fields.text('streamId'), count: fields.count('count') };
    case 'feed-wanted':
      return { kind, streamId: fields.text('streamId'), isWanted: fields.flag('isWanted') };
    case 'note':
      return {
        kind,
        level: fields.text('level') === 'warn' ? 'warn' : 'debug',
        message: fields.text('message'),
      };
    default:
      throw malformed(`a report of the unknown kind ${JSON.stringify(kind.slice(0, 40))}`);
  }
}

function readAnswer(fields: Fields): EngineAnswer {
  const statistics = fields.innerOrNull('statistics');
  return {
    sdp: fields.text('sdp'),
    etag: fields.text('etag'),
    statistics: statistics && readStatistics(statistics),
  };
}

function readStatistics(fields: Fields): WebRtcStatistics {
  return {
    publishers: fields.count('publishers'),
    viewers: fields.count('viewers'),
    packetsReceived: fields.count('packetsReceived'),
    packetsSent: fields.count('packetsSent'),
    packetsLost: fields.count('packetsLost'),
    packetsRecovered: fields.count('packetsRecovered'),
    framesDropped: fields.count('framesDropped'),
    memoryBytes: fields.count('memoryBytes'),
    cpuSeconds: fields.number('cpuSeconds'),
  };
}

/** The fields of an object that may be anything. */
class Fields {
  readonly #object: Readonly<Record<string, unknown>>;

  constructor(value: unknown) {
    if (typeof value !== 'object' || value === null) throw malformed('a message is no object');
    this.#object = value as Record<string, unknown>;
  }

  text(name: string): string {
    const value = this.#object[name];
    if (typeof value !== 'string' || value.length > longestText) throw malformed(`${name} is no text`);
    return value;
  }

  number(name: string): number {
    const value = this.#object[name];
    if (typeof value !== 'number' || !Number.isFinite(value)) throw malformed(`${name} is no number`);
    return value;
  }

  count(name: string, most = Number.MAX_SAFE_INTEGER): number {
    const value = this.number(name);
    if (!Number.isInteger(value) || value < 0 || value > most) throw malformed(`${name} is no count`);
    return value;
  }

  flag(name: string): boolean {
    const value = this.#object[name];
    if (typeof value !== 'boolean') throw malformed(`${name} is neither true nor false`);
    return value;
  }

  inner(name: string): Fields {
    return new Fields(this.#object[name]);
  }

  innerOrNull(name: string): Fields | null {
    return this.#object[name] === null ? null : this.inner(name);
  }
}

function malformed(what: string): LivereelError {
  return new LivereelError(
    'malformed-message',
    `the WebRTC engine said something that makes no sense: ${what}`,
  );
}
