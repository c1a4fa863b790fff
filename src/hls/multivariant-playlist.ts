import { durationOf, type Rendition, sizeOf } from './rendition.ts';
import { type SubtitleGroup, withSubtitles } from './subtitle-group.ts';

// Until enough is there to measure, players are told what a 720p webcam needs.
const presumedBitsPerSecond = 3_000_000;

/**
 * Renders the multivariant playlist of a stream with one rendition of sound and pictures (rfc8216bis, section 4.4.6).
 * `subtitles`: it has these too; a stream without sound needs none.
 */
export function renderMultivariantPlaylist(
  rendition: Rendition,
  subtitles: SubtitleGroup | null = null,
): string {
  const format = rendition.formats.at(-1);
  const { peak, average } = bitsPerSecondOf(rendition);
  const attributes = [`BANDWIDTH=${peak}`, `AVERAGE-BANDWIDTH=${average}`];
  if (format !== undefined) {
    attributes.push(`CODECS="${format.codecs}"`);
    // Without it players look for captions inside the picture, and some wait for them.
    attributes.push('CLOSED-CAPTIONS=NONE');
    if (format.width > 0) attributes.push(`RESOLUTION=${format.width}x${format.height}`);
  }
  const text = `#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-STREAM-INF:${attributes.join(',')}\n${rendition.name}/stream.m3u8\n`;
  const hasSound = rendition.formats.some(({ codecs }) => codecs.includes('mp4a'));
  return subtitles === null || !hasSound ? text : withSubtitles(text, subtitles);
}

function bitsPerSecondOf(rendition: Rendition): { peak: number; average: number } {
  const segments = rendition.closed.filter(segment => durationOf(segment) > 0.5);
  if (segments.length === 0) return { peak: presumedBitsPerSecond, average: presumedBitsPerSecond };
  const rates = segments.map(segment => (sizeOf(segment) * 8) / durationOf(segment));
  const average = rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
  // The peak is over all segments, also those to come: while it is live, leave room.
  const room = rendition.isEnded ? 1 : 1.5;
  return { peak: Math.ceil(Math.max(...rates) * room), average: Math.ceil(average) };
}
