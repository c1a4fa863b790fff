/** A rendition as the multivariant playlist names it. */
export type Variant = {
  /** Its folder. */
  readonly name: string;
  readonly codecs: string;
  readonly width: number;
  readonly height: number;
  readonly peakBitsPerSecond: number;
  readonly averageBitsPerSecond: number;
};

/** Folders of renditions that were made of a finished video: lines, and a word that no other attempt has. */
export const ladderFolder = /^\d{3,4}p-[a-z0-9]{6,12}$/;

const streamLine = '#EXT-X-STREAM-INF:';

/**
 * A multivariant playlist of a video that is over with these smaller renditions behind the one that it has, in place of
 * those it named before (rfc8216bis, section 4.4.6.2). They share its subtitles.
 */
export function withVariants(playlist: string, variants: readonly Variant[]): string {
  const lines = playlist.split('\n');
  const kept = lines.filter((line, index) => {
    const folder = (line.startsWith(streamLine) ? lines[index + 1] : line)?.split('/')[0] ?? '';
    return !ladderFolder.test(folder);
  });
  const source = kept.find(line => line.startsWith(streamLine)) ?? '';
  const subtitles = /,SUBTITLES="[^"]*"/.exec(source)?.[0] ?? '';
  const named = variants.flatMap(variant => [
    `${streamLine}BANDWIDTH=${variant.peakBitsPerSecond},AVERAGE-BANDWIDTH=${variant.averageBitsPerSecond},` +
      `CODECS="${variant.codecs}",CLOSED-CAPTIONS=NONE,RESOLUTION=${variant.width}x${variant.height}${subtitles}`,
    `${variant.name}/stream.m3u8`,
  ]);
  return `${[...kept.join('\n').trimEnd().split('\n'), ...named].join('\n')}\n`;
}

/** The folders that a multivariant playlist names. */
export function foldersOf(playlist: string): string[] {
  return playlist.split('\n').flatMap(line => /^([a-z0-9-]{1,32})\/stream\.m3u8$/.exec(line)?.[1] ?? []);
}

/** When each segment of a media playlist that is over begins, seconds from its start; without the first. */
export function boundariesOf(mediaPlaylist: string): number[] {
  const durations = [...mediaPlaylist.matchAll(/^#EXTINF:([0-9.]+)/gm)].map(match => Number(match[1]));
  let at = 0;
  return durations.slice(0, -1).map(duration => {
    at += duration;
    return at;
  });
}
