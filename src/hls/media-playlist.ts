import { durationOf, mediaName, type Part, type Rendition, type Segment } from './rendition.ts';

// Parts younger than this many target durations from the end stay listed (rfc8216bis, section 6.2.2, Removal of parts).
const partsKeptTargetDurations = 3;
// What a delta update may skip: at least six target durations from the end (section 4.4.3.8).
const skipTargetDurations = 6;

/**
 * Renders a rendition's media playlist (draft-pantos-hls-rfc8216bis): low-latency while it grows, closed by
 * `EXT-X-ENDLIST` once it has ended. All segments are listed, so that a viewer can go back to the beginning.
 * One a rendition: what cannot change any more is rendered once.
 */
export class MediaPlaylist {
  readonly #rendition: Rendition;
  #settledText = '';
  #settledSegments = 0;

  constructor(rendition: Rendition) {
    this.#rendition = rendition;
  }

  /** The whole playlist, or with `isDelta` one that skips what a player has (section 6.2.5.1); there may be nothing to skip. */
  render(isDelta: boolean): string {
    const { closed, open, isEnded } = this.#rendition;
    const hasParts = !isEnded && this.#rendition.kind === 'media';
    const firstWithParts = !hasParts ? closed.length : this.#firstInWindow(partsKeptTargetDurations);
    this.#settle(Math.min(firstWithParts, closed.length));
    const skipped = isDelta && !isEnded ? this.#firstInWindow(skipTargetDurations) : 0;
    const lines = [this.#head()];
    let from = this.#settledSegments;
    if (skipped > 0) {
      lines.push(`#EXT-X-SKIP:SKIPPED-SEGMENTS=${skipped}\n`);
      from = skipped;
    } else lines.push(this.#settledText);
    for (let index = from; index < closed.length; index += 1) {
      const segment = closed[index] as Segment;
      lines.push(this.#segmentHead(segment, closed[index - 1]));
      if (index >= firstWithParts) lines.push(partLines(segment));
      lines.push(this.#segmentLines(segment));
    }
    if (open !== null) lines.push(this.#segmentHead(open, closed.at(-1)), partLines(open));
    lines.push(this.#tail());
    return lines.join('');
  }

  #head(): string {
    const { targetDurationSeconds, partTargetSeconds, isEnded, kind } = this.#rendition;
    const head = ['#EXTM3U', '#EXT-X-VERSION:9', `#EXT-X-TARGETDURATION:${targetDurationSeconds}`];
    if (!isEnded) {
      // A hold-back of three parts: closer to the edge a single late part stalls the player (section 4.4.3.8).
      const control = [
        'CAN-BLOCK-RELOAD=YES',
        ...(kind === 'media' ? [`PART-HOLD-BACK=${seconds(3 * partTargetSeconds)}`] : []),
        `HOLD-BACK=${seconds(3 * targetDurationSeconds)}`,
        `CAN-SKIP-UNTIL=${seconds(skipTargetDurations * targetDurationSeconds)}`,
      ];
      head.push(`#EXT-X-SERVER-CONTROL:${control.join(',')}`);
      if (kind === 'media') head.push(`#EXT-X-PART-INF:PART-TARGET=${seconds(partTargetSeconds)}`);
    }
    head.push('#EXT-X-MEDIA-SEQUENCE:0');
    return `${head.join('\n')}\n`;
  }

  #tail(): string {
    if (this.#rendition.isEnded) return '#EXT-X-ENDLIST\n';
    const reports = this.#rendition.siblings.map(reportOf).join('');
    if (this.#rendition.kind === 'text') return reports;
    const { segment, part } = this.#rendition.next;
    return `${reports}#EXT-X-PRELOAD-HINT:TYPE=PART,URI="${mediaName.part(segment, part)}"\n`;
  }

  /** The index of the first closed segment that reaches into the last `targetDurations` of the playlist. */
  #firstInWindow(targetDurations: number): number {
    const { closed, open, targetDurationSeconds } = this.#rendition;
    let remainingSeconds = targetDurations * targetDurationSeconds - (open === null ? 0 : durationOf(open));
    let first = closed.length;
    while (first > 0 && remainingSeconds > 0) {
      first -= 1;
      remainingSeconds -= durationOf(closed[first] as Segment);
    }
    return first;
  }

  /** Renders what lies before `count` once and for all. */
  #settle(count: number): void {
    const { closed } = this.#rendition;
    const settled: string[] = [];
    for (let index = this.#settledSegments; index < count; index += 1) {
      const segment = closed[index] as Segment;
      settled.push(this.#segmentHead(segment, closed[index - 1]), this.#segmentLines(segment));
    }
    if (settled.length === 0) return;
    this.#settledText += settled.join('');
    this.#settledSegments = count;
  }

  #segmentHead(segment: Segment, previous: Segment | undefined): string {
    const lines: string[] = [];
    if (segment.isDiscontinuity) lines.push('#EXT-X-DISCONTINUITY\n');
    const needsInit = this.#rendition.kind === 'media' && segment.initNumber !== previous?.initNumber;
    if (needsInit) {
      lines.push(`#EXT-X-MAP:URI="${mediaName.init(segment.initNumber)}"\n`);
    }
    lines.push(`#EXT-X-PROGRAM-DATE-TIME:${new Date(segment.startedAtMillis).toISOString()}\n`);
    return lines.join('');
  }

  #segmentLines(segment: Segment): string {
    const name = this.#rendition.kind === 'text' ? mediaName.text : mediaName.segment;
    return `#EXTINF:${seconds(durationOf(segment))},\n${name(segment.number)}\n`;
  }
}

/** Where another rendition stands: its newest segment, and part where it has parts. */
function reportOf({ name, next, closed, kind }: Rendition): string {
  if (next.segment === 0 && next.part === 0) return '';
  const isWhole = next.part === 0;
  const last = isWhole ? (closed.at(-1) as Segment) : null;
  const part = last === null ? next.part - 1 : last.parts.length - 1;
  const lastPart = kind === 'media' ? `,LAST-PART=${part}` : '';
  return `#EXT-X-RENDITION-REPORT:URI="../${name}/stream.m3u8",LAST-MSN=${last?.number ?? next.segment}${lastPart}\n`;
}

function partLines(segment: Segment): string {
  return segment.parts.map((part, index) => partLine(segment.number, index, part)).join('');
}

function partLine(segment: number, index: number, part: Part): string {
  const independent = part.isIndependent ? ',INDEPENDENT=YES' : '';
  return `#EXT-X-PART:DURATION=${seconds(part.durationSeconds)},URI="${mediaName.part(segment, index)}"${independent}\n`;
}

/** Decimal seconds with microseconds at most, no trailing zeros. */
function seconds(value: number): string {
  return String(Math.round(value * 1_000_000) / 1_000_000);
}
