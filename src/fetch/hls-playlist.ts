import { LivereelError } from '../errors.ts';

/** A part of a resource: `lengthBytes` from `offset` on. */
export type ByteRange = { readonly offset: number; readonly lengthBytes: number };

/** AES-128 in CBC mode with PKCS7 padding (rfc8216bis, section 4.4.4.4). */
export type SegmentKey = { readonly uri: string; readonly iv: Buffer | null };

/** What a player needs before the segments of fragmented MP4 (`EXT-X-MAP`). */
export type InitSection = {
  readonly uri: string;
  readonly range: ByteRange | null;
  readonly key: SegmentKey | null;
};

/** One segment. Addresses are as they stand there, relative to the playlist's. */
export type ListedSegment = {
  readonly uri: string;
  readonly durationSeconds: number;
  readonly range: ByteRange | null;
  readonly key: SegmentKey | null;
  readonly init: InitSection | null;
  /** Counted from the playlist's first; without an IV in the playlist it is the IV. */
  readonly sequence: number;
  /** What comes is not continued from what was before: another clock, maybe another coding. */
  readonly isDiscontinuity: boolean;
};

/** A playlist that lists segments. */
export type MediaListing = {
  readonly kind: 'media';
  /** False: more segments come, the stream is live. */
  readonly isEnded: boolean;
  readonly segments: readonly ListedSegment[];
};

/** One way to play all of it. */
export type Variant = {
  readonly uri: string;
  /** At the peak, all tracks together. */
  readonly bitsPerSecond: number;
  readonly averageBitsPerSecond: number | null;
  /** 0 where it is not told. */
  readonly width: number;
  readonly height: number;
  readonly codecs: readonly string[];
  /** `SDR`, `HLG`, `PQ`. */
  readonly videoRange: string;
  /** The group of its sound, when that is not in its own segments. */
  readonly audioGroup: string | null;
};

/** Sound that is to be had apart. */
export type AudioListing = {
  readonly group: string;
  /** Null: it is in the segments of the variants themselves. */
  readonly uri: string | null;
  readonly isDefault: boolean;
  readonly isAutoselected: boolean;
};

/** A playlist that lists ways to play (a multivariant playlist). */
export type MasterListing = {
  readonly kind: 'master';
  readonly variants: readonly Variant[];
  readonly audio: readonly AudioListing[];
};

const mostSegments = 50_000;
const mostVariants = 500;

/**
 * Reads an HLS playlist (draft-pantos-hls-rfc8216bis, section 4). `url`: where it came from, for `QUERYPARAM`;
 * `imported`: the variables of the playlist that led here.
 * @throws LivereelError `source-refused` for what is none, `source-not-supported` for encryption that needs a licence.
 */
export function readPlaylist(
  text: string,
  url: URL,
  imported: ReadonlyMap<string, string> = new Map(),
): (MasterListing | MediaListing) & { readonly variables: ReadonlyMap<string, string> } {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  if (lines[0]?.trim() !== '#EXTM3U') throw broken('it does not begin with #EXTM3U');
  const reader = new PlaylistReader(url, imported);
  for (const line of lines) reader.read(line.trim());
  return { ...reader.listing(), variables: reader.variables };
}

class PlaylistReader {
  readonly variables = new Map<string, string>();
  readonly #url: URL;
  readonly #imported: ReadonlyMap<string, string>;
  readonly #segments: ListedSegment[] = [];
  readonly #variants: Variant[] = [];
  readonly #audio: AudioListing[] = [];
  #isEnded = false;
  /** Segments so far, gaps too. */
  #counted = 0;
  #firstSequence = 0;
  #key: SegmentKey | null = null;
  #init: InitSection | null = null;
  #durationSeconds: number | undefined;
  #range: string | undefined;
  #isDiscontinuity = false;
  #isGap = false;
  #variant: ReadonlyMap<string, string> | undefined;
  /** Where the range before ended, of which resource. */
  #rangeEnd: { uri: string; offset: number } | undefined;

  constructor(url: URL, imported: ReadonlyMap<string, string>) {
    this.#url = url;
    this.#imported = imported;
  }

  read(line: string): void {
    if (line === '') return;
    if (!line.startsWith('#')) {
      this.#uri(this.#filled(line));
      return;
    }
    const colon = line.indexOf(':');
    const tag = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + 1);
    this.#tag(tag, tag === '#EXT-X-DEFINE' ? value : this.#filled(value));
  }

  listing(): MasterListing | MediaListing {
    if (this.#variants.length > 0) return { kind: 'master', variants: this.#variants, audio: this.#audio };
    if (this.#segments.length === 0) throw broken('it lists nothing');
    return { kind: 'media', isEnded: this.#isEnded, segments: this.#segments };
  }

  #tag(tag: string, value: string): void {
    if (tag === '#EXTINF') this.#durationSeconds = durationOf(value);
    else if (tag === '#EXT-X-BYTERANGE') this.#range = value;
    else if (tag === '#EXT-X-DISCONTINUITY') this.#isDiscontinuity = true;
    else if (tag === '#EXT-X-GAP') this.#isGap = true;
    else if (tag === '#EXT-X-ENDLIST') this.#isEnded = true;
    else if (tag === '#EXT-X-MEDIA-SEQUENCE') this.#firstSequence = Number.parseInt(value, 10) || 0;
    else if (tag === '#EXT-X-KEY') this.#key = keyOf(attributesOf(value));
    else if (tag === '#EXT-X-MAP') this.#init = this.#initOf(attributesOf(value));
    else if (tag === '#EXT-X-STREAM-INF') this.#variant = attributesOf(value);
    else if (tag === '#EXT-X-MEDIA') this.#media(attributesOf(value));
    else if (tag === '#EXT-X-DEFINE') this.#define(attributesOf(value));
    else if (tag === '#EXT-X-SKIP') throw broken('it is a part of a playlist only');
  }

  #uri(uri: string): void {
    if (this.#variant !== undefined) {
      if (this.#variants.length >= mostVariants)
        throw broken(`it lists more than ${mostVariants} renditions`);
      this.#variants.push(variantOf(uri, this.#variant));
      this.#variant = undefined;
      return;
    }
    if (this.#durationSeconds === undefined) return;
    if (this.#segments.length >= mostSegments) throw broken(`it lists more than ${mostSegments} segments`);
    const range = this.#range === undefined ? null : this.#rangeOf(uri, this.#range);
    // A gap has no media (section 4.4.4.7): what follows it is not continued from what was before.
    if (!this.#isGap) {
      this.#segments.push({
        uri,
        durationSeconds: this.#durationSeconds,
        range,
        key: this.#key,
        init: this.#init,
        sequence: this.#firstSequence + this.#counted,
        isDiscontinuity: this.#isDiscontinuity && this.#segments.length > 0,
      });
    }
    this.#counted += 1;
    this.#isDiscontinuity = this.#isGap;
    this.#isGap = false;
    this.#durationSeconds = undefined;
    this.#range = undefined;
  }
  #rangeOf(uri: string, text: string): ByteRange {
    const match = /^(\d{1,15})(?:@(\d{1,15}))?$/.exec(text);
    if (match === null) throw broken('a byte range in it cannot be read');
    const follows = this.#rangeEnd?.uri === uri ? this.#rangeEnd.offset : 0;
    const offset = match[2] === undefined ? follows : Number(match[2]);
    const lengthBytes = Number(match[1]);
    this.#rangeEnd = { uri, offset: offset + lengthBytes };
    return { offset, lengthBytes };
  }

  #initOf(attributes: ReadonlyMap<string, string>): InitSection {
    const uri = attributes.get('URI');
    if (uri === undefined) throw broken('an EXT-X-MAP in it has no address');
    const range = attributes.get('BYTERANGE');
    return { uri, key: this.#key, range: range === undefined ? null : this.#rangeOf(uri, range) };
  }

  #media(attributes: ReadonlyMap<string, string>): void {
    if (attributes.get('TYPE') !== 'AUDIO' || this.#audio.length >= mostVariants) return;
    this.#audio.push({
      group: attributes.get('GROUP-ID') ?? '',
      uri: attributes.get('URI') ?? null,
      isDefault: attributes.get('DEFAULT') === 'YES',
      isAutoselected: attributes.get('AUTOSELECT') === 'YES',
    });
  }

  #define(attributes: ReadonlyMap<string, string>): void {
    const name = attributes.get('NAME');
    if (name !== undefined) this.variables.set(name, attributes.get('VALUE') ?? '');
    const imported = attributes.get('IMPORT');
    if (imported !== undefined) this.variables.set(imported, this.#imported.get(imported) ?? '');
    const parameter = attributes.get('QUERYPARAM');
    if (parameter !== undefined) this.variables.set(parameter, this.#url.searchParams.get(parameter) ?? '');
  }

  #filled(text: string): string {
    if (this.variables.size === 0 || !text.includes('{$')) return text;
    return text.replace(
      /\{\$([A-Za-z0-9_-]+)\}/g,
      (whole, name: string) => this.variables.get(name) ?? whole,
    );
  }
}

function attributesOf(text: string): ReadonlyMap<string, string> {
  const found = text.matchAll(/([A-Z0-9-]+)=("[^"]*"|[^",]*)/g);
  return new Map(
    [...found].map(([, name = '', value = '']) => [name, value.startsWith('"') ? value.slice(1, -1) : value]),
  );
}

function durationOf(value: string): number {
  const seconds = Number.parseFloat(value);
  if (!(seconds >= 0 && seconds < 86_400)) throw broken('a duration in it cannot be read');
  return seconds;
}

function keyOf(attributes: ReadonlyMap<string, string>): SegmentKey | null {
  const method = attributes.get('METHOD') ?? 'NONE';
  if (method === 'NONE') return null;
  const format = attributes.get('KEYFORMAT') ?? 'identity';
  const uri = attributes.get('URI');
  if (method !== 'AES-128' || format !== 'identity' || uri === undefined) {
    throw new LivereelError(
      'source-not-supported',
      `The stream is protected (${method.slice(0, 40)}): it can be played with its owner's licence only.`,
    );
  }
  const iv = attributes.get('IV');
  if (iv === undefined) return { uri, iv: null };
  if (!/^0x[0-9A-Fa-f]{1,32}$/i.test(iv)) throw broken('an IV in it cannot be read');
  return { uri, iv: Buffer.from(iv.slice(2).padStart(32, '0'), 'hex') };
}

function variantOf(uri: string, attributes: ReadonlyMap<string, string>): Variant {
  const [width = 0, height = 0] = (attributes.get('RESOLUTION') ?? '')
    .split('x')
    .map(side => Number(side) || 0);
  const average = Number(attributes.get('AVERAGE-BANDWIDTH')) || null;
  return {
    uri,
    bitsPerSecond: Number(attributes.get('BANDWIDTH')) || 0,
    averageBitsPerSecond: average,
    width,
    height,
    codecs: (attributes.get('CODECS') ?? '')
      .split(',')
      .map(codec => codec.trim())
      .filter(Boolean),
    videoRange: attributes.get('VIDEO-RANGE') ?? 'SDR',
    audioGroup: attributes.get('AUDIO') ?? null,
  };
}

function broken(what: string): LivereelError {
  return new LivereelError('source-refused', `The HLS playlist cannot be used: ${what}.`);
}
