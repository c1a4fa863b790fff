import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cue } from '../media/cue.ts';
import { webVtt } from '../media/web-vtt.ts';
import { withSubtitles } from './subtitle-group.ts';

/** Where a video's playlists are. */
export type FinalSubtitlePlaces = {
  readonly multivariantFile: string;
  /** The media playlist that subtitles are aligned with. */
  readonly mediaFile: string;
  readonly captionsDirectory: string;
};

const segmentFile = /^\d{6,9}\.(\d{1,6})\.vtt$/;

/**
 * Writes the subtitles of a video that is over, each word at its time, aligned with its media playlist segment by
 * segment, and names them in its multivariant playlist. Segments get names that were never used: what players and
 * caches hold stays true. False when the video has no playlists. One at a time for a video: the caller sees to it.
 */
export async function writeFinalSubtitles(
  places: FinalSubtitlePlaces,
  language: string | null,
  cues: readonly Cue[],
): Promise<boolean> {
  const { multivariantFile, mediaFile, captionsDirectory } = places;
  const [multivariant, media] = await Promise.all([textOf(multivariantFile), textOf(mediaFile)]);
  if (multivariant === null || media === null) return false;
  await mkdir(captionsDirectory, { recursive: true });
  const generations = (await readdir(captionsDirectory)).map(name =>
    Number(segmentFile.exec(name)?.[1] ?? 0),
  );
  const generation = Math.max(0, ...generations) + 1;
  const { playlist, segments } = alignedWith(media, generation);
  let next = 0;
  for (const { name, start, end } of segments) {
    while (next < cues.length && (cues[next] as Cue).end <= start) next += 1;
    const inside: Cue[] = [];
    for (let at = next; at < cues.length && (cues[at] as Cue).start < end; at += 1)
      inside.push(cues[at] as Cue);
    await writeFile(join(captionsDirectory, name), webVtt(inside, { atSeconds: start }));
  }
  await replace(join(captionsDirectory, 'stream.m3u8'), playlist);
  await replace(multivariantFile, withSubtitles(multivariant, { language }));
  await forgetBefore(captionsDirectory, generation - 1);
  return true;
}

type TextSegment = { readonly name: string; readonly start: number; readonly end: number };

/** The playlist of the text beside a media playlist that has ended: the same segments, other files. */
function alignedWith(media: string, generation: number): { playlist: string; segments: TextSegment[] } {
  const segments: TextSegment[] = [];
  let [start, end] = [0, 0];
  const lines = media.split('\n').flatMap(line => {
    if (line.startsWith('#EXT-X-MAP:')) return [];
    const duration = /^#EXTINF:([0-9.]+),/.exec(line)?.[1];
    if (duration !== undefined) end = start + Number(duration);
    if (line === '' || line.startsWith('#')) return [line];
    const name = `${line.replace(/\.m4s$/, '')}.${generation}.vtt`;
    segments.push({ name, start, end });
    start = end;
    return [name];
  });
  return { playlist: lines.join('\n'), segments };
}

async function textOf(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** Half a file is never seen. */
async function replace(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text);
  await rename(`${path}.new`, path);
}

/** Players may hold the playlist before this one, hardly one that is older. */
async function forgetBefore(directory: string, generation: number): Promise<void> {
  for (const name of await readdir(directory)) {
    const of = segmentFile.exec(name)?.[1];
    if (of !== undefined && Number(of) < generation) await rm(join(directory, name), { force: true });
  }
}
