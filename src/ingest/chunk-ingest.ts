import type { VideoInput } from '../api/session.ts';
import { LivereelError } from '../errors.ts';
import { sniffContainer } from '../media/container.ts';

/** What chunks go into: a session fits. */
export interface ChunkSink {
  readonly isEmpty: boolean;
  append(payload: readonly Uint8Array[], facts: { units: number; kind: 'payload' | 'fresh' }): void;
}

/**
 * One connection's bytes of a recording. Its first bytes tell what it is: a container that we do not take is
 * refused before anything is stored, and a recorder that was started anew is told from one that goes on.
 */
export class ChunkIngest {
  readonly #sink: ChunkSink;
  #opening: Buffer | null = Buffer.alloc(0);

  constructor(sink: ChunkSink) {
    this.#sink = sink;
  }

  /** Bytes that came and wait for more: they may be the beginning of a container. Never more than a few. */
  get heldBytes(): number {
    return this.#opening?.length ?? 0;
  }

  /**
   * No more bytes come, or none for long: what is held is what it is, the next bytes of the recording.
   * @throws LivereelError `unsupported-container` when it is all there is; and as the sink.
   */
  finish(): void {
    const held = this.#opening;
    if (held === null || held.length === 0) return;
    this.#opening = null;
    if (this.#sink.isEmpty) throw unsupported();
    this.#sink.append([held], { units: held.length, kind: 'payload' });
  }

  /** Takes the next bytes, of any length; they are copied. @throws LivereelError `unsupported-container`, and as the sink. */
  take(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    if (this.#opening === null) {
      this.#sink.append([bytes], { units: bytes.length, kind: 'payload' });
      return;
    }
    // Recorders have been seen to send their first byte alone.
    const opening = Buffer.concat([this.#opening, bytes]);
    const container = sniffContainer(opening);
    if (container === 'unknown' && this.#sink.isEmpty) throw unsupported();
    if (container === null && (this.#sink.isEmpty || opening.length < 8)) {
      this.#opening = opening;
      return;
    }
    this.#opening = null;
    // A transport stream has no beginning of its own: it goes on wherever it is.
    const isFresh =
      !this.#sink.isEmpty && (container === 'matroska' || (container === 'mp4' && isFileType(opening)));
    this.#sink.append([opening], { units: opening.length, kind: isFresh ? 'fresh' : 'payload' });
  }
}

/** A session that was made for WebRTC takes nothing else: what is in it has no offset to go on from. @throws LivereelError `input-not-supported`. */
export function refuseUnlessSent(session: { readonly input: VideoInput }): void {
  if (session.input !== 'webrtc') return;
  const how = 'publish to its `whipUrl`, or create one with "input": "chunks"';
  throw new LivereelError('input-not-supported', `this session takes WebRTC: ${how}`);
}

function unsupported(): LivereelError {
  const what = 'send WebM, Matroska, fragmented MP4 or MPEG-TS from its first byte on';
  return new LivereelError('unsupported-container', `this is no container that livereel takes: ${what}`);
}

function isFileType(opening: Buffer): boolean {
  return opening.toString('latin1', 4, 8) === 'ftyp';
}
