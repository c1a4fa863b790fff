const mediaLine = '#EXT-X-MEDIA:TYPE=SUBTITLES';
const streamLine = '#EXT-X-STREAM-INF:';
const languageTag = /^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/;

/** The subtitles of a stream. */
export type SubtitleGroup = {
  /** BCP-47; null while nobody knows. */
  readonly language: string | null;
};

/**
 * A multivariant playlist whose streams have subtitles (rfc8216bis, section 4.4.6.1); those that it names already
 * are told anew.
 */
export function withSubtitles(playlist: string, { language }: SubtitleGroup): string {
  const known = language !== null && languageTag.test(language) ? language : null;
  const attributes = [
    'GROUP-ID="captions"',
    `NAME="${known === null ? 'Captions' : nameOf(known)}"`,
    ...(known === null ? [] : [`LANGUAGE="${known}"`]),
    // For who asked for captions in this language; nobody else gets them unasked.
    'DEFAULT=NO',
    'AUTOSELECT=YES',
    'CHARACTERISTICS="public.accessibility.transcribes-spoken-dialog"',
    'URI="captions/stream.m3u8"',
  ];
  const lines = playlist.split('\n').filter(line => !line.startsWith(mediaLine));
  const first = lines.findIndex(line => line.startsWith(streamLine));
  const named = lines.map(line =>
    line.startsWith(streamLine) && !line.includes(',SUBTITLES=') ? `${line},SUBTITLES="captions"` : line,
  );
  named.splice(first, 0, `${mediaLine},${attributes.join(',')}`);
  return named.join('\n');
}

/** What a language calls itself, for a player's menu. */
function nameOf(language: string): string {
  try {
    const name = new Intl.DisplayNames([language], { type: 'language' }).of(language);
    return name?.replace(/["\r\n]/g, '') ?? language;
  } catch {
    return language;
  }
}
