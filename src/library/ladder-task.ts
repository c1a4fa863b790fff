import { mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LivereelError } from '../errors.ts';
import { writeRungs } from '../ffmpeg/ladder.ts';
import { planLadder, type Rung } from '../hls/ladder-plan.ts';
import {
  boundariesOf,
  foldersOf,
  ladderFolder,
  type Variant,
  withVariants,
} from '../hls/ladder-playlists.ts';
import type { TaskContext } from '../jobs/task-handler.ts';
import type { ContentDirectory } from '../store/content-directory.ts';
import type { Database } from '../store/database.ts';
import type { MediaTaskParts } from './file-task.ts';
import { playlistLock } from './playlist-lock.ts';
import { clearScratch, moveInto, withScratch } from './task-scratch.ts';
import type { VideoRow } from './video-store.ts';
import type { VideoTaskHandler } from './video-task.ts';

/** What a ladder is made with. */
export type LadderTaskParts = Pick<MediaTaskParts, 'run'> & {
  readonly content: Pick<
    ContentDirectory,
    'tmpDir' | 'videoFile' | 'hlsDir' | 'mediaPlaylistFile' | 'multivariantPlaylistFile'
  >;
  /** Two that write a video's playlists must not meet, in this process or another. */
  readonly exclusively: Database['exclusively'];
};

const task = 'ladder';
const leastLimitSeconds = 1_800;
/** Encoding may take longer than playing, on a machine that is busy with what is live far longer. */
const limitGrowth = 40;
/** avcC: version, then profile, constraints and level (ISO 14496-15, section 5.3.3.1). */
const avcProfile = /avcC.(...)/s;
const headerBytes = 16_384;

/**
 * Makes smaller renditions of a video, where that pays, and names all of them in its multivariant playlist at once.
 * Each attempt has folders of its own: what players and caches hold stays true.
 */
export function ladderTask(parts: LadderTaskParts): VideoTaskHandler {
  const { content } = parts;
  return {
    task,
    limitSeconds: ({ durationSeconds }) => leastLimitSeconds + limitGrowth * (durationSeconds ?? 0),
    failed: async ({ id }) => {
      await clearScratch(content, task, id);
      await forgetUnnamed(parts, id, []);
    },
    run: async (video, context) => {
      await forgetUnnamed(parts, video.id, []);
      const rungs = planLadder(sourceOf(video));
      if (rungs.length === 0) return;
      await withScratch(content, task, video.id, folder => makeRungs(parts, video, rungs, folder, context));
    },
  };
}

function sourceOf({ width, height, durationSeconds, sizeBytes }: VideoRow) {
  return {
    width: width ?? 0,
    height: height ?? 0,
    durationSeconds: durationSeconds ?? 0,
    bitsPerSecond: (8 * (sizeBytes ?? 0)) / Math.max(1, durationSeconds ?? 0),
  };
}

async function makeRungs(
  parts: LadderTaskParts,
  { id, durationSeconds, audioCodec }: VideoRow,
  rungs: readonly Rung[],
  folder: string,
  { signal, threads, progress }: TaskContext,
): Promise<void> {
  const { content, run } = parts;
  const source = await readFile(content.mediaPlaylistFile(id, 'main'), 'utf8');
  const word = Math.random().toString(36).slice(2, 10).padEnd(8, '0');
  const made = rungs.map(rung => {
    const name = `${rung.lines}p-${word}`;
    return { ...rung, name, folder: join(folder, name) };
  });
  for (const rung of made) await mkdir(rung.folder);
  await writeRungs({ ...run, signal }, made, {
    file: content.videoFile(id),
    durationSeconds: durationSeconds ?? 0,
    hasSound: audioCodec !== null || (await namesSound(source, content.hlsDir(id))),
    boundaries: boundariesOf(source),
    threads,
    onProgress: progress,
  });
  const variants = await Promise.all(made.map(variantOf));
  await parts.exclusively(playlistLock(id), async () => {
    signal.throwIfAborted();
    const file = content.multivariantPlaylistFile(id);
    const before = await readFile(file, 'utf8');
    await moveInto(folder, content.hlsDir(id), ...made.map(({ name }) => name));
    await writeFile(`${file}.new`, withVariants(before, variants));
    await rename(`${file}.new`, file);
    // Players that hold the playlist before this one go on with what it names.
    await forgetUnnamed(parts, id, foldersOf(before));
  });
}

/** Whether the source's header has a track of AAC: not every video's record says what it was made of. */
async function namesSound(mediaPlaylist: string, hlsDir: string): Promise<boolean> {
  const header = /#EXT-X-MAP:URI="(init-\d{1,6}\.mp4)"/.exec(mediaPlaylist)?.[1];
  if (header === undefined) throw new LivereelError('media-unusable', 'The video has no playlist to follow.');
  return (await readFile(join(hlsDir, 'main', header))).includes('mp4a');
}

async function variantOf({
  name,
  folder,
  width,
  height,
}: Rung & { name: string; folder: string }): Promise<Variant> {
  const playlist = await readFile(join(folder, 'stream.m3u8'), 'utf8');
  const rates: number[] = [];
  let [bits, seconds] = [0, 0];
  for (const [, duration, segment] of playlist.matchAll(/^#EXTINF:([0-9.]+),\n(\d{6,9}\.m4s)$/gm)) {
    const size = 8 * (await stat(join(folder, segment as string))).size;
    if (Number(duration) > 0.5) rates.push(size / Number(duration));
    bits += size;
    seconds += Number(duration);
  }
  if (seconds === 0) throw new LivereelError('media-unusable', 'There are no pictures to make smaller.');
  const average = Math.ceil(bits / seconds);
  return {
    name,
    width,
    height,
    codecs: await codecsOf(join(folder, 'init-0.mp4')),
    averageBitsPerSecond: average,
    peakBitsPerSecond: Math.ceil(Math.max(average, ...rates)),
  };
}

async function codecsOf(initFile: string): Promise<string> {
  const handle = await open(initFile);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(headerBytes), 0, headerBytes, 0);
    const text = buffer.toString('latin1', 0, bytesRead);
    const profile = avcProfile.exec(text)?.[1];
    if (profile === undefined) throw new LivereelError('program-failed', 'A rendition has no H.264 in it.');
    const video = `avc1.${Buffer.from(profile, 'latin1').toString('hex')}`;
    return text.includes('mp4a') ? `${video},mp4a.40.2` : video;
  } finally {
    await handle.close();
  }
}

/** Removes renditions that no playlist names: an attempt was killed between two steps. `keep`: not these. */
async function forgetUnnamed(
  { content }: Pick<LadderTaskParts, 'content'>,
  id: string,
  keep: readonly string[],
): Promise<void> {
  const hlsDir = content.hlsDir(id);
  const text = await readFile(content.multivariantPlaylistFile(id), 'utf8').catch(() => '');
  const named = new Set([...foldersOf(text), ...keep]);
  for (const name of await readdir(hlsDir).catch(() => [])) {
    if (ladderFolder.test(name) && !named.has(name))
      await rm(join(hlsDir, name), { recursive: true, force: true });
  }
}
