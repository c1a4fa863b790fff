import type { Clip } from '../../test/support/clips.ts';
import type { IngestClient } from '../../test/support/ingest-client.ts';
import type { LiveFollower } from '../../test/support/live-follower.ts';
import { webmBlocks } from '../../test/support/recorder-chunks.ts';

/** The chunk that holds each frame of the clip, by the frame's number. */
export function chunkOfFrames(clip: Clip): number[] {
  const ends: number[] = [];
  for (const { bytes } of clip.chunks) ends.push((ends.at(-1) ?? 0) + bytes.length);
  const frames = webmBlocks(clip.bytes).filter(block => block.track === 1);
  let chunk = 0;
  return frames.map(({ offset }) => {
    // A cluster's first block is noted where the cluster begins; its last byte is not before that.
    while (offset >= (ends[chunk] ?? Number.POSITIVE_INFINITY)) chunk += 1;
    return chunk;
  });
}

/**
 * How long each part took from the chunk that completes it to the viewer (milliseconds), and the first one (seconds).
 */
export function latencies(follower: LiveFollower, client: IngestClient, chunkOf: readonly number[]) {
  const rest: number[] = [];
  let frames = 0;
  let first = Number.NaN;
  for (const { runs, arrivedAtMillis } of follower.parts) {
    for (const run of runs) if (run.kind === 'video') frames += run.sampleCount;
    const arrived = arrivedAtMillis - performance.timeOrigin;
    if (Number.isNaN(first)) first = (arrived - (client.sentAtMillis[0] ?? Number.NaN)) / 1_000;
    const sent = client.sentAtMillis[chunkOf[frames - 1] ?? -1];
    if (frames > 30 && sent !== undefined) rest.push(arrived - sent);
  }
  return { first, rest };
}
