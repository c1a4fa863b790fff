/** What a request for media names. `ticket`: the playback token in its path. */
export type HlsAddress = {
  readonly id: string;
  readonly ticket: string | null;
  /** Null: the multivariant playlist. */
  readonly rendition: string | null;
  readonly file: string;
};

/** The same of a file below `/videos/`. */
export type FileAddress = { readonly id: string; readonly ticket: string | null; readonly file: string };

// The same patterns stand in nginx/media.conf; what is written in another way, escaped or with more slashes, is none.
const hlsPattern =
  /^\/hls\/([0-9A-Za-z]{12})\/(?:~([0-9A-Za-z_-]{43})\/)?(?:index\.m3u8|([a-z0-9-]{1,32})\/(stream\.m3u8|[0-9]{6,9}(?:\.[0-9]{1,5})?\.m4s|[0-9]{6,9}(?:\.[0-9]{1,6})?\.vtt|init-[0-9]{1,6}\.mp4))$/;
const filePattern =
  /^\/videos\/([0-9A-Za-z]{12})\/(?:~([0-9A-Za-z_-]{43})\/)?(video\.mp4|thumbnail\.jpg|preview\.webp|storyboard\.(?:vtt|[0-9]{1,2}\.jpg)|captions\.(?:vtt|srt|txt|json))$/;

/** Reads the path of an address below `/hls/`; null when there is nothing by that name. */
export function readHlsAddress(path: string): HlsAddress | null {
  const [, id, ticket, rendition, file] = hlsPattern.exec(path) ?? [];
  if (id === undefined) return null;
  return { id, ticket: ticket ?? null, rendition: rendition ?? null, file: file ?? 'index.m3u8' };
}

/** Reads the path of an address below `/videos/`; null when there is nothing by that name. */
export function readFileAddress(path: string): FileAddress | null {
  const [, id, ticket, file] = filePattern.exec(path) ?? [];
  return id === undefined || file === undefined ? null : { id, ticket: ticket ?? null, file };
}

/** Where the same thing is found with this ticket in its path; null: without one. */
export function withTicket(address: HlsAddress | FileAddress, ticket: string | null): string {
  const through = ticket === null ? '' : `~${ticket}/`;
  if (!('rendition' in address)) return `/videos/${address.id}/${through}${address.file}`;
  const below = address.rendition === null ? address.file : `${address.rendition}/${address.file}`;
  return `/hls/${address.id}/${through}${below}`;
}
