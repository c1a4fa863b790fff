import { type Cue, clockTime, cueTimes, linesOf } from './cue.ts';

/** Where a segment's cues lie on the stream's clock (RFC 8216bis, section 3.1.4). */
export type TimestampMap = {
  /** Seconds on the media timeline; 0 of the cues' times and of the stream's clock are the same. */
  readonly atSeconds: number;
};

// MPEG's clock counts 90,000 a second in 33 bits.
const mpegTicksPerSecond = 90_000;
const mpegTicks = 2 ** 33;

/**
 * Cues as WebVTT (W3C, section 4). `map`: as a segment of an HLS rendition. Every player has its own mind about maps
 * of 0 behind a discontinuity: with a map at the segment's own beginning they agree.
 */
export function webVtt(cues: readonly Cue[], map?: TimestampMap): string {
  const blocks = [map === undefined ? 'WEBVTT' : `WEBVTT\n${timestampMap(map)}`];
  for (const cue of cues) {
    const lines = linesOf(cue.text).map(escaped);
    if (lines.length > 0) blocks.push(`${cueTimes(cue, '.')}\n${lines.join('\n')}`);
  }
  return `${blocks.join('\n\n')}\n`;
}

function timestampMap({ atSeconds }: TimestampMap): string {
  // In whole milliseconds, which both clocks can tell exactly.
  const millis = Math.round(atSeconds * 1_000);
  const ticks = ((millis * mpegTicksPerSecond) / 1_000) % mpegTicks;
  return `X-TIMESTAMP-MAP=MPEGTS:${ticks},LOCAL:${clockTime(millis / 1_000, '.')}`;
}

function escaped(line: string): string {
  return line
    .replace(/\p{Cc}/gu, ' ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}
