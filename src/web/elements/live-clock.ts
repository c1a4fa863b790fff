/**
 * What of a live stream belongs to which moment (event `live-clock`, docs/protocol.md, section 5): what the server took
 * in at `atEpochMillis` of its clock stands at `mediaSeconds` of the media timeline.
 */
export type LiveClock = { readonly mediaSeconds: number; readonly atEpochMillis: number };

/** What is on the screen of somebody `latencySeconds` behind, on the media timeline; never before its beginning. */
export function shownSeconds(
  { mediaSeconds, atEpochMillis }: LiveClock,
  serverNowMillis: number,
  latencySeconds: number,
): number {
  return Math.max(0, mediaSeconds + (serverNowMillis - atEpochMillis) / 1_000 - latencySeconds);
}
