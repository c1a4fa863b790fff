/** The addresses of one video under `publicUrl` (docs/protocol.md, sections 2 and 4). */
export type VideoUrls = {
  readonly playbackUrl: string;
  readonly whepUrl: string;
  readonly fileUrl: string;
  readonly captionsUrl: string;
  readonly thumbnailUrl: string;
  readonly previewUrl: string;
  readonly storyboardUrl: string;
  readonly eventsUrl: string;
  readonly watchUrl: string;
};

/**
 * `publicUrl`: without a slash at the end, e.g. `http://127.0.0.1:8000`. `id` is a checked video id. `ticket`: the
 * playback token that each of them carries, for a private video; null: they need none.
 */
export function videoUrls(publicUrl: string, id: string, ticket: string | null = null): VideoUrls {
  const query = ticket === null ? '' : `?token=${ticket}`;
  return {
    playbackUrl: `${publicUrl}/hls/${id}/index.m3u8${query}`,
    whepUrl: `${publicUrl}/whep/${id}${query}`,
    fileUrl: `${publicUrl}/videos/${id}/video.mp4${query}`,
    captionsUrl: `${publicUrl}/videos/${id}/captions.vtt${query}`,
    thumbnailUrl: `${publicUrl}/videos/${id}/thumbnail.jpg${query}`,
    previewUrl: `${publicUrl}/videos/${id}/preview.webp${query}`,
    storyboardUrl: `${publicUrl}/videos/${id}/storyboard.vtt${query}`,
    eventsUrl: `${publicUrl}/api/v1/videos/${id}/events${query}`,
    watchUrl: `${publicUrl}/watch/${id}${query}`,
  };
}

/** Where a publisher sends to: `wss:` under `https:`, else `ws:`. */
export function publishUrls(publicUrl: string, id: string, ingestToken: string) {
  const webSocketUrl = publicUrl.replace(/^http/, 'ws');
  return {
    ingestUrl: `${webSocketUrl}/ingest/${id}?token=${encodeURIComponent(ingestToken)}`,
    whipUrl: `${publicUrl}/whip/${id}`,
  };
}
