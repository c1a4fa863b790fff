/** The name under which a video's multivariant playlist is written (`Database.exclusively`). */
export function playlistLock(videoId: string): string {
  return `playlist of ${videoId}`;
}
