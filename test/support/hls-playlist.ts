/** A part as its `EXT-X-PART` says. */
export type Part = {
  readonly uri: string;
  readonly durationSeconds: number;
  readonly independent: boolean;
  readonly gap: boolean;
};

/** A segment, or (uri null) the parts of the one that is not complete yet. */
export type Segment = {
  readonly sequence: number;
  readonly uri: string | null;
  readonly durationSeconds: number | null;
  readonly parts: readonly Part[];
  readonly discontinuity: boolean;
  readonly map: string | null;
  /** Its own `EXT-X-PROGRAM-DATE-TIME`, milliseconds since 1970; null: none before this segment. */
  readonly programDateTimeMillis: number | null;
  /** True when a tag that must stand before the first part stood behind it. */
  readonly lateTag: boolean;
};

/** A media playlist, read without judging it; `hls-rules.ts` judges. */
export type MediaPlaylist = {
  readonly lines: readonly string[];
  readonly version: number;
  readonly targetDurationSeconds: number;
  readonly mediaSequence: number;
  readonly discontinuitySequence: number;
  readonly playlistType: string | null;
  readonly serverControl: ReadonlyMap<string, string>;
  readonly partTargetSeconds: number | null;
  readonly skippedSegments: number;
  /** Complete segments, then the incomplete one if it has parts. */
  readonly segments: readonly Segment[];
  readonly preloadHints: readonly ReadonlyMap<string, string>[];
  readonly renditionReports: readonly ReadonlyMap<string, string>[];
  readonly ended: boolean;
  /** What does not follow the syntax at all. */
  readonly syntaxFaults: readonly string[];
};

/** Attributes of a tag; quoted values without their quotes. */
export function readAttributes(list: string): Map<string, string> {
  const attributes = new Map<string, string>();
  for (const [, name = '', value = ''] of list.matchAll(/([A-Z0-9-]+)=("[^"]*"|[^",]*)(?:,|$)/g)) {
    attributes.set(name, value.replace(/^"|"$/g, ''));
  }
  return attributes;
}

const knownTags = new Set(
  `EXTM3U EXT-X-VERSION EXT-X-TARGETDURATION EXT-X-MEDIA-SEQUENCE EXT-X-DISCONTINUITY-SEQUENCE
  EXT-X-PLAYLIST-TYPE EXT-X-SERVER-CONTROL EXT-X-PART-INF EXT-X-SKIP EXT-X-MAP EXTINF EXT-X-PART
  EXT-X-DISCONTINUITY EXT-X-PROGRAM-DATE-TIME EXT-X-PRELOAD-HINT EXT-X-RENDITION-REPORT EXT-X-ENDLIST
  EXT-X-INDEPENDENT-SEGMENTS EXT-X-START EXT-X-BITRATE EXT-X-GAP EXT-X-DATERANGE`.split(/\s+/),
);

/** Reads a media playlist line by line; never throws: what cannot be read is a syntax fault. */
export function parseMediaPlaylist(text: string): MediaPlaylist {
  const reader = new MediaPlaylistReader(text);
  return reader.read();
}

class MediaPlaylistReader {
  readonly #lines: string[];
  readonly #faults: string[] = [];
  readonly #tags = new Map<string, string>();
  readonly #segments: Segment[] = [];
  readonly #hints: Map<string, string>[] = [];
  readonly #reports: Map<string, string>[] = [];
  #skipped = 0;
  #map: string | null = null;
  #parts: Part[] = [];
  #durationSeconds: number | null = null;
  #discontinuity = false;
  #dateMillis: number | null = null;
  #lateTag = false;

  constructor(text: string) {
    this.#lines = text.split(/\r?\n/).filter(line => line !== '');
    if (text.startsWith('\uFEFF')) this.#faults.push('begins with a byte order mark');
    if (!text.endsWith('\n')) this.#faults.push('the last line is not ended');
  }

  read(): MediaPlaylist {
    if (this.#lines[0] !== '#EXTM3U') this.#faults.push('the first line is not #EXTM3U');
    for (const line of this.#lines) this.#line(line);
    if (this.#parts.length > 0) this.#addSegment(null);
    const number = (tag: string, missing: number) => Number(this.#tags.get(tag) ?? missing);
    const partTarget = readAttributes(this.#tags.get('EXT-X-PART-INF') ?? '').get('PART-TARGET');
    return {
      lines: this.#lines,
      version: number('EXT-X-VERSION', 1),
      targetDurationSeconds: number('EXT-X-TARGETDURATION', Number.NaN),
      mediaSequence: number('EXT-X-MEDIA-SEQUENCE', 0),
      discontinuitySequence: number('EXT-X-DISCONTINUITY-SEQUENCE', 0),
      playlistType: this.#tags.get('EXT-X-PLAYLIST-TYPE') ?? null,
      serverControl: readAttributes(this.#tags.get('EXT-X-SERVER-CONTROL') ?? ''),
      partTargetSeconds: partTarget === undefined ? null : Number(partTarget),
      skippedSegments: this.#skipped,
      segments: this.#segments,
      preloadHints: this.#hints,
      renditionReports: this.#reports,
      ended: this.#tags.has('EXT-X-ENDLIST'),
      syntaxFaults: this.#faults,
    };
  }

  #line(line: string): void {
    if (!line.startsWith('#')) {
      if (this.#durationSeconds === null) this.#faults.push(`${line}: a segment without EXTINF`);
      this.#addSegment(line);
      return;
    }
    if (!line.startsWith('#EXT')) return;
    const [, tag = '', value = ''] = /^#([A-Z0-9-]+):?(.*)$/.exec(line) ?? [];
    if (!knownTags.has(tag)) this.#faults.push(`unknown tag ${line}`);
    this.#tag(tag, value);
  }

  #tag(tag: string, value: string): void {
    if (['EXT-X-DISCONTINUITY', 'EXT-X-MAP', 'EXT-X-PROGRAM-DATE-TIME'].includes(tag)) {
      // Section 4.4.4.9: what applies to the parent segment stands before its first part.
      if (this.#parts.length > 0) this.#lateTag = true;
    }
    if (tag === 'EXTINF') this.#durationSeconds = Number.parseFloat(value);
    else if (tag === 'EXT-X-PART') this.#parts.push(readPart(value));
    else if (tag === 'EXT-X-DISCONTINUITY') this.#discontinuity = true;
    else if (tag === 'EXT-X-MAP') this.#map = readAttributes(value).get('URI') ?? '';
    else if (tag === 'EXT-X-PROGRAM-DATE-TIME') this.#dateMillis = Date.parse(value);
    else if (tag === 'EXT-X-PRELOAD-HINT') this.#hints.push(readAttributes(value));
    else if (tag === 'EXT-X-RENDITION-REPORT') this.#reports.push(readAttributes(value));
    else if (tag === 'EXT-X-SKIP') {
      this.#skipped += Number(readAttributes(value).get('SKIPPED-SEGMENTS') ?? Number.NaN);
    } else {
      if (this.#tags.has(tag)) this.#faults.push(`${tag} more than once`);
      this.#tags.set(tag, value);
    }
  }

  #addSegment(uri: string | null): void {
    this.#segments.push({
      sequence: Number(this.#tags.get('EXT-X-MEDIA-SEQUENCE') ?? 0) + this.#skipped + this.#segments.length,
      uri,
      durationSeconds: this.#durationSeconds,
      parts: this.#parts,
      discontinuity: this.#discontinuity,
      map: this.#map,
      programDateTimeMillis: this.#dateMillis,
      lateTag: this.#lateTag,
    });
    this.#parts = [];
    this.#durationSeconds = null;
    this.#discontinuity = false;
    this.#dateMillis = null;
    this.#lateTag = false;
  }
}

function readPart(value: string): Part {
  const attributes = readAttributes(value);
  return {
    uri: attributes.get('URI') ?? '',
    durationSeconds: Number(attributes.get('DURATION') ?? Number.NaN),
    independent: attributes.get('INDEPENDENT') === 'YES',
    gap: attributes.get('GAP') === 'YES',
  };
}

/** Duration of a segment: its own, or what its parts add up to. */
export function segmentSeconds(segment: Segment): number {
  return segment.durationSeconds ?? segment.parts.reduce((sum, part) => sum + part.durationSeconds, 0);
}

/** The newest part that the playlist lists, as blocking reload counts: segment, and index in it. */
export function newestPart(playlist: MediaPlaylist): { sequence: number; part: number } | null {
  for (const segment of playlist.segments.toReversed()) {
    if (segment.parts.length > 0) return { sequence: segment.sequence, part: segment.parts.length - 1 };
  }
  return null;
}
