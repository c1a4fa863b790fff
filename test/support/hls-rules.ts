import {
  type MediaPlaylist,
  parseMediaPlaylist,
  readAttributes,
  type Segment,
  segmentSeconds,
} from './hls-playlist.ts';

/** A broken rule: its stable name, the section of draft-pantos-hls-rfc8216bis it comes from, and what was seen. */
export type Violation = { readonly rule: string; readonly section: string; readonly seen: string };

/** Collects violations; a rule is one call. */
export class RuleBook {
  readonly violations: Violation[] = [];

  /** Notes a violation unless `kept`; `seen` is only asked for when it is needed. */
  rule(rule: string, section: string, kept: boolean, seen: () => string): void {
    if (!kept) this.violations.push({ rule, section, seen: seen() });
  }
}

// Durations are written with five or six decimals; sums of a few parts differ by their rounding.
const roundingSeconds = 0.000_02;

/** Judges one media playlist by itself. An empty list: nothing to object to. */
export function checkMediaPlaylist(text: string): Violation[] {
  const playlist = parseMediaPlaylist(text);
  const book = new RuleBook();
  for (const fault of playlist.syntaxFaults) book.rule('syntax', '4.1', false, () => fault);
  checkHeader(book, playlist);
  checkSegments(book, playlist);
  checkDates(book, playlist);
  if (playlist.partTargetSeconds !== null) checkParts(book, playlist, playlist.partTargetSeconds);
  else {
    const listed = playlist.segments.some(segment => segment.parts.length > 0);
    book.rule('part-inf-required', '4.4.3.7', !listed, () => 'EXT-X-PART without EXT-X-PART-INF');
  }
  checkServerControl(book, playlist);
  checkPreloadHint(book, playlist);
  return book.violations;
}

function checkHeader(book: RuleBook, playlist: MediaPlaylist): void {
  const { version, targetDurationSeconds: target } = playlist;
  book.rule('target-duration', '4.4.3.1', Number.isInteger(target) && target > 0, () => `${target}`);
  const hasMap = playlist.segments.some(segment => segment.map !== null);
  // Section 8: EXT-X-MAP outside I-frame playlists needs 6, EXT-X-SKIP needs 9, fractions in EXTINF need 3.
  const needed = playlist.skippedSegments > 0 ? 9 : hasMap ? 6 : 3;
  book.rule('version', '8', version >= needed, () => `version ${version}, needs ${needed}`);
  book.rule(
    'playlist-type',
    '4.4.3.5',
    playlist.playlistType === null ||
      playlist.playlistType === 'EVENT' ||
      (playlist.playlistType === 'VOD' && playlist.ended),
    () => `${playlist.playlistType}`,
  );
  const sequenceLine = playlist.lines.findIndex(line => line.startsWith('#EXT-X-MEDIA-SEQUENCE'));
  const discontinuityLine = playlist.lines.findIndex(line =>
    line.startsWith('#EXT-X-DISCONTINUITY-SEQUENCE'),
  );
  const firstMedia = playlist.lines.findIndex(
    line => !line.startsWith('#') || /^#EXT(INF|-X-PART:)/.test(line),
  );
  const early = (line: number) => line < 0 || firstMedia < 0 || line < firstMedia;
  book.rule('media-sequence-first', '4.4.3.2', early(sequenceLine), () => 'after the first segment');
  book.rule('discontinuity-sequence-first', '4.4.3.3', early(discontinuityLine), () => 'after a segment');
}

function checkSegments(book: RuleBook, playlist: MediaPlaylist): void {
  const uris = new Set<string>();
  for (const segment of playlist.segments) {
    const name = `segment ${segment.sequence}`;
    if (segment.durationSeconds !== null) {
      const rounded = Math.round(segment.durationSeconds);
      const kept = segment.durationSeconds >= 0 && rounded <= playlist.targetDurationSeconds;
      book.rule('extinf-within-target', '4.4.3.1', kept, () => `${name}: ${segment.durationSeconds} s`);
    }
    if (playlist.skippedSegments === 0) {
      book.rule('map-before-first-segment', '4.4.4.5', Boolean(segment.map), () => `${name} has none`);
    }
    book.rule('tags-before-parts', '4.4.4.9', !segment.lateTag, () => `${name}`);
    for (const uri of [segment.uri, ...segment.parts.map(part => part.uri)]) {
      if (uri === null) continue;
      book.rule('uri-once', '4.4.4.1', uri !== '' && !uris.has(uri), () => `${name}: "${uri}"`);
      uris.add(uri);
    }
  }
  checkDiscontinuities(book, playlist);
}

/** A new init section in the middle changes the coding: a discontinuity must say so (section 4.4.4.3). */
function checkDiscontinuities(book: RuleBook, playlist: MediaPlaylist): void {
  let previous: Segment | null = null;
  for (const segment of playlist.segments) {
    if (previous?.map && segment.map !== previous.map) {
      const seen = () => `segment ${segment.sequence}: ${previous?.map} to ${segment.map}`;
      book.rule('discontinuity-at-new-map', '4.4.4.3', segment.discontinuity, seen);
    }
    previous = segment;
  }
}

function checkDates(book: RuleBook, playlist: MediaPlaylist): void {
  let expectedMillis: number | null = null;
  let previousMillis = Number.NEGATIVE_INFINITY;
  for (const segment of playlist.segments) {
    const date = segment.programDateTimeMillis;
    if (date !== null) {
      const seen = () => `segment ${segment.sequence}: ${new Date(date).toISOString()}`;
      book.rule('date-monotonic', '6.2.1', date > previousMillis, seen);
      // Within one encoding the dates follow the durations; after a discontinuity the wall clock may have moved on.
      if (expectedMillis !== null && !segment.discontinuity) {
        const off = date - expectedMillis;
        book.rule(
          'date-follows-durations',
          '4.4.4.6',
          Math.abs(off) <= 50,
          () => `${seen()}, off by ${off} ms`,
        );
      }
      previousMillis = date;
      expectedMillis = date;
    } else if (segment.discontinuity) expectedMillis = null;
    if (expectedMillis !== null) expectedMillis += segmentSeconds(segment) * 1_000;
  }
}

function checkParts(book: RuleBook, playlist: MediaPlaylist, partTarget: number): void {
  const endSeconds = playlist.segments.reduce((sum, segment) => sum + segmentSeconds(segment), 0);
  let startSeconds = 0;
  let partsMustGoOn = false;
  for (const segment of playlist.segments) {
    const complete = segment.uri !== null;
    const fromEnd = endSeconds - startSeconds - segmentSeconds(segment);
    for (const [index, part] of segment.parts.entries()) {
      const name = `part ${segment.sequence}.${index}`;
      const next = segment.parts[index + 1];
      const { durationSeconds } = part;
      const notLonger = durationSeconds > 0 && durationSeconds <= partTarget + roundingSeconds;
      book.rule('part-within-target', '4.4.4.9', notLonger, () => `${name}: ${durationSeconds} s`);
      const exempt = part.independent || part.gap || next?.gap || (complete && next === undefined);
      // The newest part of an incomplete segment may turn out to be its last.
      const open = !complete && next === undefined;
      const longEnough = exempt || open || durationSeconds >= 0.85 * partTarget - roundingSeconds;
      book.rule('part-at-least-85-percent', '4.4.4.9', longEnough, () => `${name}: ${durationSeconds} s`);
    }
    if (complete && segment.parts.length > 0) checkPartSum(book, segment);
    if (segment.parts.length > 0) partsMustGoOn = true;
    else if (!playlist.ended) {
      // Section 6.2.2: parts leave in order, and only when three target durations from the end.
      const old = fromEnd >= 3 * playlist.targetDurationSeconds - roundingSeconds;
      book.rule(
        'parts-kept-near-end',
        '6.2.2',
        old,
        () => `segment ${segment.sequence}: ${fromEnd} s from end`,
      );
      book.rule('parts-removed-in-order', '6.2.2', !partsMustGoOn, () => `segment ${segment.sequence}`);
    }
    startSeconds += segmentSeconds(segment);
  }
}

function checkPartSum(book: RuleBook, segment: Segment): void {
  const sum = segment.parts.reduce((total, part) => total + part.durationSeconds, 0);
  const off = Math.abs(sum - (segment.durationSeconds ?? 0));
  const kept = off <= roundingSeconds * (segment.parts.length + 1);
  book.rule('parts-sum-to-segment', '4.4.4.9', kept, () => `segment ${segment.sequence}: off by ${off} s`);
}

function checkServerControl(book: RuleBook, playlist: MediaPlaylist): void {
  const { serverControl, partTargetSeconds, targetDurationSeconds: target } = playlist;
  const number = (name: string) => (serverControl.has(name) ? Number(serverControl.get(name)) : null);
  const skipUntil = number('CAN-SKIP-UNTIL');
  const holdBack = number('HOLD-BACK');
  const partHoldBack = number('PART-HOLD-BACK');
  const section = '4.4.3.8';
  book.rule('can-skip-until', section, skipUntil === null || skipUntil >= 6 * target, () => `${skipUntil} s`);
  book.rule('hold-back', section, holdBack === null || holdBack >= 3 * target, () => `${holdBack} s`);
  if (partTargetSeconds !== null) {
    book.rule(
      'part-hold-back-required',
      section,
      partHoldBack !== null,
      () => 'parts without PART-HOLD-BACK',
    );
    const held = (partHoldBack ?? Number.POSITIVE_INFINITY) + roundingSeconds;
    book.rule('part-hold-back', section, held >= 2 * partTargetSeconds, () => `${partHoldBack} s`);
    book.rule('part-hold-back-advised', section, held >= 3 * partTargetSeconds, () => `${partHoldBack} s`);
    const blocks = playlist.ended || serverControl.get('CAN-BLOCK-RELOAD') === 'YES';
    book.rule('can-block-reload', 'B.1', blocks, () => 'parts without CAN-BLOCK-RELOAD=YES');
  }
  if (playlist.skippedSegments > 0) {
    book.rule('skip-announced', '4.4.5.2', skipUntil !== null, () => 'EXT-X-SKIP without CAN-SKIP-UNTIL');
    const listed = playlist.segments.reduce((sum, segment) => sum + segmentSeconds(segment), 0);
    const kept = listed >= (skipUntil ?? 0) - target;
    book.rule('skip-boundary', '6.2.5.1', kept, () => `${listed} s listed, boundary ${skipUntil} s`);
  }
}

function checkPreloadHint(book: RuleBook, playlist: MediaPlaylist): void {
  const parts = playlist.preloadHints.filter(hint => hint.get('TYPE') === 'PART');
  const section = '4.4.5.3';
  if (playlist.ended) {
    book.rule('no-hint-after-end', section, playlist.preloadHints.length === 0, () => 'EXT-X-PRELOAD-HINT');
    const open = playlist.segments.some(segment => segment.uri === null);
    book.rule('no-open-segment-after-end', '6.2.1', !open, () => 'parts after the last segment');
    return;
  }
  book.rule('one-part-hint', section, parts.length <= 1, () => `${parts.length} hints of TYPE=PART`);
  const uri = parts[0]?.get('URI');
  const listed = playlist.segments.some(segment => segment.parts.some(part => part.uri === uri));
  book.rule('hint-not-listed', section, uri === undefined || !listed, () => `${uri} is there already`);
  if (playlist.partTargetSeconds !== null) {
    book.rule('hint-advised', 'B.1', uri !== undefined, () => 'low latency without a preload hint');
  }
}

/** Judges a multivariant playlist. */
export function checkMultivariant(text: string): Violation[] {
  const book = new RuleBook();
  const lines = text.split(/\r?\n/).filter(line => line !== '');
  book.rule('syntax', '4.1', lines[0] === '#EXTM3U', () => `first line: ${lines[0]}`);
  const media = lines.find(line => /^#EXT(INF|-X-(PART|TARGETDURATION|MEDIA-SEQUENCE|ENDLIST))/.test(line));
  book.rule('no-media-tags', '4.1', media === undefined, () => `${media}`);
  const variants = lines.flatMap((line, index) => (line.startsWith('#EXT-X-STREAM-INF:') ? [index] : []));
  book.rule('has-variants', '4.4.6.2', variants.length > 0, () => 'no EXT-X-STREAM-INF');
  for (const index of variants) {
    const attributes = readAttributes((lines[index] ?? '').slice('#EXT-X-STREAM-INF:'.length));
    const uri = lines[index + 1];
    const name = uri ?? 'the last variant';
    book.rule('variant-uri', '4.4.6.2', uri !== undefined && !uri.startsWith('#'), () => name);
    const bandwidth = attributes.get('BANDWIDTH') ?? '';
    book.rule('bandwidth', '4.4.6.2', /^[1-9]\d*$/.test(bandwidth), () => `${name}: "${bandwidth}"`);
    const codecs = attributes.get('CODECS');
    book.rule('codecs', '4.4.6.2', codecs !== undefined && codecs !== '', () => `${name} has none`);
    // Optional in the draft, asked for by Apple's authoring rules; without it Shaka Player looks for captions in a
    // segment that is not there yet, and gives up.
    const captions = attributes.get('CLOSED-CAPTIONS') ?? 'nothing';
    book.rule('closed-captions-told', '4.4.6.2', captions !== 'nothing', () => `${name} says ${captions}`);
    const resolution = attributes.get('RESOLUTION');
    const hasVideo = /avc|hvc|hev|vp09|av01/.test(codecs ?? '');
    const kept = hasVideo ? /^\d+x\d+$/.test(resolution ?? '') : resolution === undefined;
    book.rule('resolution', '4.4.6.2', kept, () => `${name}: ${resolution}, codecs ${codecs}`);
  }
  return book.violations;
}
