import { ebmlId, readUnsigned } from './ebml.ts';
import { MatroskaElements, readBlock } from './matroska-elements.ts';
import { readTracks, type TrackEntry, timestampScaleNanosOf } from './matroska-track.ts';

/** A picture or a packet of sound as it stands in a stream; `bytes` hold until the call returns. */
export type MatroskaFrame = {
  readonly kind: 'video' | 'audio';
  /** On the stream's own clock. */
  readonly timeMicros: number;
  readonly isKey: boolean;
  readonly bytes: Buffer;
};

/** Gets what is in a Matroska stream, in the order of its bytes. */
export interface FrameVisitor {
  /** A stream begins: its first track of each kind. */
  began(video: TrackEntry | null, audio: TrackEntry | null): void;
  frame(frame: MatroskaFrame): void;
}

/** Reads the frames of a live Matroska stream (RFC 9559), begun at its header. Laced frames are left out. */
export class MatroskaFrames {
  readonly #visitor: FrameVisitor;
  readonly #elements = new MatroskaElements({
    opened: () => undefined,
    element: (id, _whole, content) => this.#element(id, content),
  });
  #tickMicros = 1_000;
  #clusterTicks = 0;
  #kinds = new Map<number, 'video' | 'audio'>();

  constructor(visitor: FrameVisitor) {
    this.#visitor = visitor;
  }

  /** Takes the next bytes. */
  push(bytes: Buffer): void {
    this.#elements.push(bytes);
  }

  #element(id: number, content: Buffer): void {
    if (id === ebmlId.ebml) this.#tickMicros = 1_000;
    else if (id === ebmlId.info) this.#tickMicros = timestampScaleNanosOf(content) / 1_000;
    else if (id === ebmlId.timestamp) this.#clusterTicks = readUnsigned(content);
    else if (id === ebmlId.tracks) this.#tracks(content);
    else this.#block(id, content);
  }

  #tracks(content: Buffer): void {
    const { entries } = readTracks(content);
    this.#kinds = new Map(
      entries.flatMap(({ number, kind }) => (kind === 'other' ? [] : [[number, kind] as const])),
    );
    const first = (wanted: TrackEntry['kind']) => entries.find(({ kind }) => kind === wanted) ?? null;
    this.#visitor.began(first('video'), first('audio'));
  }

  #block(id: number, content: Buffer): void {
    const block = readBlock(id, content);
    const kind = block === null ? undefined : this.#kinds.get(block.trackNumber);
    if (block === null || kind === undefined || block.isLaced || block.payload.length === 0) return;
    const timeMicros = Math.round((this.#clusterTicks + block.relativeTicks) * this.#tickMicros);
    this.#visitor.frame({
      kind,
      timeMicros,
      isKey: kind === 'audio' || block.isKey,
      bytes: block.payload,
    });
  }
}
