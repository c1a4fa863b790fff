/** One partial segment; `offsetBytes` inside its segment's file. */
export type Part = {
  readonly durationSeconds: number;
  /** A player can begin with it: it starts with a picture that needs no other, or is sound alone. */
  readonly isIndependent: boolean;
  readonly offsetBytes: number;
  readonly sizeBytes: number;
};

/** One media segment, closed or still growing. */
export type Segment = {
  /** Media sequence number, from 0; also its file's name. */
  readonly number: number;
  /** Which initialization section it needs. */
  readonly initNumber: number;
  /** Timestamps, coding or clock do not follow from the segment before. */
  readonly isDiscontinuity: boolean;
  /** When its first picture was taken, milliseconds since 1970. */
  readonly startedAtMillis: number;
  readonly parts: Part[];
};

/** What a player must know before the first byte; of one initialization section. */
export type RenditionFormat = {
  /** RFC 6381, comma-separated: `avc1.42c01f,mp4a.40.2`. */
  readonly codecs: string;
  /** Pixels; 0 for sound alone. */
  readonly width: number;
  readonly height: number;
};

/**
 * What is published of one rendition, in order: closed segments, then at most one that grows. Plain state,
 * changed by its packager alone; playlists are rendered from it.
 */
export class Rendition {
  readonly name: string;
  /** No segment is longer, rounded to whole seconds; never changes (rfc8216bis, section 4.4.3.1). */
  readonly targetDurationSeconds: number;
  /** Sound and pictures in parts, or text in whole segments. */
  readonly kind: 'media' | 'text';
  /** The others of the same stream: playlists report where they stand (rfc8216bis, section 4.4.5.4). */
  readonly siblings: Rendition[] = [];
  readonly closed: Segment[] = [];
  readonly formats: RenditionFormat[] = [];
  open: Segment | null = null;
  /** No part is longer; known once the first part is there. */
  partTargetSeconds = 0;
  isEnded = false;

  constructor(name: string, targetDurationSeconds: number, kind: 'media' | 'text' = 'media') {
    this.name = name;
    this.kind = kind;
    this.targetDurationSeconds = targetDurationSeconds;
  }

  /** Whether there is something to play. */
  get isPlayable(): boolean {
    return this.closed.length > 0 || (this.open !== null && this.open.parts.length > 0);
  }

  get durationSeconds(): number {
    const open = this.open === null ? 0 : durationOf(this.open);
    return this.closed.reduce((sum, segment) => sum + durationOf(segment), open);
  }

  /** Where the part that will come next stands. */
  get next(): { readonly segment: number; readonly part: number } {
    if (this.open !== null) return { segment: this.open.number, part: this.open.parts.length };
    return { segment: (this.closed.at(-1)?.number ?? -1) + 1, part: 0 };
  }

  /** The segment of this number, closed or open. Numbers have no holes. */
  segment(number: number): Segment | undefined {
    return this.open?.number === number ? this.open : this.closed[number];
  }

  /** Whether part `part` of segment `segment` (all of the segment without `part`) is published, or can no longer be. */
  has(segment: number, part: number | null): boolean {
    const next = this.next;
    if (this.isEnded || segment < next.segment) return true;
    return segment === next.segment && part !== null && part < next.part;
  }
}

/** Seconds of media in a segment. */
export function durationOf(segment: Segment): number {
  return segment.parts.reduce((sum, part) => sum + part.durationSeconds, 0);
}

/** Bytes of a segment. */
export function sizeOf(segment: Segment): number {
  const last = segment.parts.at(-1);
  return last === undefined ? 0 : last.offsetBytes + last.sizeBytes;
}

/** `000012.m4s`, `000012.vtt`, `000012.3.m4s`, `init-0.mp4`: the names of what a playlist lists. */
export const mediaName = {
  segment: (segment: number) => `${String(segment).padStart(6, '0')}.m4s`,
  text: (segment: number) => `${String(segment).padStart(6, '0')}.vtt`,
  part: (segment: number, part: number) => `${String(segment).padStart(6, '0')}.${part}.m4s`,
  init: (init: number) => `init-${init}.mp4`,
};
