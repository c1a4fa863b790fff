import {
  type MediaPlaylist,
  newestPart,
  parseMediaPlaylist,
  type Segment,
  segmentSeconds,
} from './hls-playlist.ts';
import { RuleBook, type Violation } from './hls-rules.ts';

/**
 * Judges what changed between two answers of the same full media playlist, `later` fetched after `earlier`
 * (draft-pantos-hls-rfc8216bis sections 6.2.1 and 6.2.2).
 */
export function checkSuccession(earlierText: string, laterText: string): Violation[] {
  const earlier = parseMediaPlaylist(earlierText);
  const later = parseMediaPlaylist(laterText);
  const book = new RuleBook();
  checkCounters(book, earlier, later);
  const laterSegments = new Map(later.segments.map(segment => [segment.sequence, segment]));
  for (const segment of earlier.segments) {
    if (segment.sequence < later.mediaSequence) continue;
    const now = laterSegments.get(segment.sequence);
    if (!now) {
      book.rule('segment-vanished', '6.2.1', false, () => `segment ${segment.sequence}`);
      continue;
    }
    checkSameSegment(book, segment, now);
  }
  checkRemoval(book, earlier, later);
  checkHintKept(book, earlier, later);
  if (earlier.ended) {
    const same = earlier.lines.join('\n') === later.lines.join('\n');
    book.rule('ended-is-final', '6.2.1', same, () => 'a playlist with EXT-X-ENDLIST changed');
  }
  return book.violations;
}

function checkCounters(book: RuleBook, earlier: MediaPlaylist, later: MediaPlaylist): void {
  const pair =
    (name: 'mediaSequence' | 'discontinuitySequence' | 'targetDurationSeconds' | 'version') => () =>
      `${name}: ${earlier[name]} to ${later[name]}`;
  const { mediaSequence, discontinuitySequence, targetDurationSeconds } = earlier;
  book.rule(
    'target-duration-constant',
    '6.2.1',
    later.targetDurationSeconds === targetDurationSeconds,
    pair('targetDurationSeconds'),
  );
  book.rule('media-sequence-forward', '6.2.2', later.mediaSequence >= mediaSequence, pair('mediaSequence'));
  const forward = later.discontinuitySequence >= discontinuitySequence;
  book.rule('discontinuity-sequence-forward', '6.2.2', forward, pair('discontinuitySequence'));
  // The number follows the discontinuities that have left the playlist (section 6.2.2).
  const gone = earlier.segments.filter(
    segment => segment.sequence < later.mediaSequence && segment.discontinuity,
  ).length;
  const counted = !forward || later.discontinuitySequence === discontinuitySequence + gone;
  book.rule('discontinuity-sequence-counts', '6.2.2', counted, pair('discontinuitySequence'));
  const samePart = later.ended || later.partTargetSeconds === earlier.partTargetSeconds;
  const parts = () => `${earlier.partTargetSeconds} to ${later.partTargetSeconds}`;
  book.rule('part-target-constant', '4.4.3.7', samePart, parts);
}

function checkSameSegment(book: RuleBook, earlier: Segment, later: Segment): void {
  const name = `segment ${earlier.sequence}`;
  if (earlier.uri !== null) {
    const same =
      later.uri === earlier.uri &&
      later.durationSeconds === earlier.durationSeconds &&
      later.map === earlier.map &&
      later.discontinuity === earlier.discontinuity &&
      later.programDateTimeMillis === earlier.programDateTimeMillis;
    const seen = () => `${name}: ${describe(earlier)} became ${describe(later)}`;
    book.rule('segment-unchanged', '6.2.1', same, seen);
  } else {
    const longer = segmentSeconds(later) >= segmentSeconds(earlier) - 0.001;
    book.rule('open-segment-grows', '6.2.1', longer, () => `${name}: ${describe(later)}`);
  }
  // Removed as a whole, or not at all; those that stay are those that were.
  if (later.parts.length === 0 && later.uri !== null) return;
  const parts = earlier.parts.every((part, index) => {
    const now = later.parts[index];
    return (
      now &&
      now.uri === part.uri &&
      now.durationSeconds === part.durationSeconds &&
      now.independent === part.independent
    );
  });
  book.rule('part-unchanged', '6.2.1', parts, () => `${name}`);
  const grown =
    earlier.uri === null || later.parts.length === earlier.parts.length || earlier.parts.length === 0;
  book.rule('no-part-after-segment', '6.2.1', grown, () => `${name} was complete`);
}

function describe(segment: Segment): string {
  return `${segment.uri} ${segment.durationSeconds} s map=${segment.map} date=${segment.programDateTimeMillis} discontinuity=${segment.discontinuity}`;
}

function checkRemoval(book: RuleBook, earlier: MediaPlaylist, later: MediaPlaylist): void {
  const removed = later.mediaSequence > earlier.mediaSequence;
  const typed = later.playlistType === 'EVENT' || later.playlistType === 'VOD';
  book.rule('event-keeps-all', '4.4.3.5', !removed || !typed, () => `removed from ${later.playlistType}`);
  if (!removed || later.ended) return;
  const left = later.segments.reduce((sum, segment) => sum + segmentSeconds(segment), 0);
  const kept = left >= 3 * later.targetDurationSeconds;
  book.rule('three-targets-remain', '6.2.2', kept, () => `${left} s left`);
}

/** The part that follows must have the address that was hinted, unless the playlist ended or the hint was replaced. */
function checkHintKept(book: RuleBook, earlier: MediaPlaylist, later: MediaPlaylist): void {
  const hinted = earlier.preloadHints.find(hint => hint.get('TYPE') === 'PART')?.get('URI');
  const before = newestPart(earlier);
  const now = newestPart(later);
  if (hinted === undefined || now === null || before === null || later.ended) return;
  if (now.sequence === before.sequence && now.part === before.part) return;
  const open = later.segments.find(segment => segment.sequence === before.sequence);
  const next =
    open?.parts[before.part + 1] ??
    later.segments.find(segment => segment.sequence === before.sequence + 1)?.parts[0];
  // Parts may have been removed again when the reloads were far apart.
  if (!next) return;
  book.rule(
    'hint-names-next-part',
    '4.4.5.3',
    next.uri === hinted,
    () => `hinted ${hinted}, came ${next.uri}`,
  );
}

/** Judges a delta update against the full playlist of the same moment (section 6.2.5.1). */
export function checkDelta(deltaText: string, fullText: string): Violation[] {
  const delta = parseMediaPlaylist(deltaText);
  const full = parseMediaPlaylist(fullText);
  const book = new RuleBook();
  const section = '6.2.5.1';
  book.rule('delta-skips', section, delta.skippedSegments > 0, () => 'no EXT-X-SKIP');
  const first = delta.mediaSequence + delta.skippedSegments;
  const sum = delta.mediaSequence === full.mediaSequence && full.segments.some(s => s.sequence === first);
  book.rule('delta-count', section, sum, () => `${delta.skippedSegments} of ${full.segments.length} skipped`);
  const rest = full.segments.filter(segment => segment.sequence >= first);
  for (const [index, segment] of rest.entries()) {
    const given = delta.segments[index];
    const same = given && describe({ ...given, map: segment.map }) === describe(segment);
    book.rule('delta-rest-equal', section, Boolean(same), () => `segment ${segment.sequence}`);
  }
  const extra = delta.segments.length > rest.length;
  book.rule('delta-rest-equal', section, !extra, () => 'more segments than the full playlist');
  const skippedSeconds = full.segments
    .filter(segment => segment.sequence >= first)
    .reduce((total, segment) => total + segmentSeconds(segment), 0);
  const until = Number(full.serverControl.get('CAN-SKIP-UNTIL') ?? Number.POSITIVE_INFINITY);
  // A segment is skippable when it lies wholly before the Skip Boundary.
  const kept = skippedSeconds >= until - 0.001;
  book.rule('delta-boundary', section, kept, () => `${skippedSeconds} s listed, boundary at ${until} s`);
  return book.violations;
}

/** Judges the answer to `?_HLS_msn=<sequence>[&_HLS_part=<part>]` (section 6.2.5.2). */
export function checkBlockingAnswer(
  text: string,
  asked: { readonly sequence: number; readonly part?: number },
): Violation[] {
  const playlist = parseMediaPlaylist(text);
  const book = new RuleBook();
  if (playlist.ended) return [];
  const { sequence, part } = asked;
  const complete = playlist.segments.some(segment => segment.uri !== null && segment.sequence >= sequence);
  const newest = newestPart(playlist);
  const hasPart =
    part !== undefined && newest !== null && newest.sequence === sequence && newest.part >= part;
  const later = newest !== null && newest.sequence > sequence;
  const kept = complete || hasPart || later;
  const seen = () => `asked ${sequence}.${part ?? '-'}, newest ${newest?.sequence}.${newest?.part}`;
  book.rule('blocking-answer-has-it', '6.2.5.2', kept, seen);
  return book.violations;
}
