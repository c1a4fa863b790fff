import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LivereelError } from '../errors.ts';
import { tooLarge } from './bounded-body.ts';
import type { InitSection, ListedSegment, MediaListing, SegmentKey } from './hls-playlist.ts';
import { type HlsSegments, ivOf, type Piece } from './hls-segments.ts';
import { readId3 } from './packed-audio.ts';

/** Segments that follow one another without a break, in one file, init section first. */
export type Run = {
  /** A name within the folder. */
  readonly file: string;
  readonly bytes: number;
  /** As the playlist says. */
  readonly durationSeconds: number;
  /** Packed audio: when it begins, on the clock of the pictures. */
  readonly startSeconds: number | null;
};

/** What is fetched, and where to. */
export type TrackDownload = {
  readonly segments: HlsSegments;
  readonly listing: MediaListing;
  /** Of the playlist. */
  readonly url: URL;
  readonly folder: string;
  /** Begins the names of its files. */
  readonly name: string;
  /** What all tracks together may still take. */
  readonly room: { bytes: number; readonly maxBytes: number };
  /** After each segment. */
  readonly progress: (doneSeconds: number) => void;
};

type Kept = { readonly fingerprint: string; readonly next: number; readonly runs: readonly Run[] };

/** A few at once hide the way to the origin; more would only take room. */
const atOnce = 3;

/**
 * Fetches the segments of a media playlist and joins them to a file for each run. What was fetched before, by this
 * process or one that died, is not fetched again when the playlist still names the same segments.
 * @throws LivereelError `source-*`; what ends `segments`.
 */
export async function downloadTrack(track: TrackDownload): Promise<Run[]> {
  const { listing, room, progress } = track;
  let kept = await takeUp(track);
  room.bytes += kept.runs.reduce((sum, { bytes }) => sum + bytes, 0);
  let doneSeconds = kept.runs.reduce((sum, { durationSeconds }) => sum + durationSeconds, 0);
  progress(doneSeconds);
  const ahead: Promise<string>[] = [];
  let asked = kept.next;
  try {
    for (let index = kept.next; index < listing.segments.length; index += 1) {
      while (ahead.length < atOnce && asked < listing.segments.length) {
        const fetched = fetchSegment(track, asked);
        // Looked at in its turn; until then it is nobody's unhandled failure.
        fetched.catch(() => undefined);
        ahead.push(fetched);
        asked += 1;
      }
      const file = (await ahead.shift()) as string;
      kept = await append(track, kept, index, file);
      doneSeconds += (listing.segments[index] as ListedSegment).durationSeconds;
      progress(doneSeconds);
    }
  } finally {
    await Promise.allSettled(ahead);
  }
  return [...kept.runs];
}

async function fetchSegment(track: TrackDownload, index: number): Promise<string> {
  const segment = track.listing.segments[index] as ListedSegment;
  const file = join(track.folder, `${track.name}-${index}.segment`);
  await fetchPiece(track, segment, segment.key, segment.sequence, file);
  return file;
}

async function fetchPiece(
  { segments, url, room }: TrackDownload,
  { uri, range }: Pick<ListedSegment, 'uri' | 'range'>,
  key: SegmentKey | null,
  sequence: number,
  file: string,
): Promise<void> {
  const left = room.maxBytes - room.bytes;
  if (left <= 0) throw tooLarge(room.maxBytes);
  const piece: Piece = {
    url: absolute(uri, url),
    range,
    key: key && { url: absolute(key.uri, url), iv: ivOf(key, sequence) },
  };
  await segments.fetch(piece, file, left).catch(error => {
    const isTooLarge = error instanceof LivereelError && error.code === 'source-too-large';
    throw isTooLarge ? tooLarge(room.maxBytes) : error;
  });
}

/** Puts the next segment behind what is there, and remembers that it is. */
async function append(track: TrackDownload, kept: Kept, index: number, file: string): Promise<Kept> {
  const { listing, folder, name, room } = track;
  const segment = listing.segments[index] as ListedSegment;
  const before = listing.segments[index - 1];
  const isNew = index === 0 || segment.isDiscontinuity || !isSameInit(segment.init, before?.init ?? null);
  const last = kept.runs.at(-1);
  const id3 = await readId3(file);
  const run: Run =
    isNew || last === undefined
      ? { ...(await beginRun(track, segment, `${name}-${index}.run`)), startSeconds: id3.startSeconds }
      : last;
  const bytes = await appendFile(file, id3.bytes, join(folder, run.file));
  await rm(file, { force: true });
  room.bytes += bytes;
  if (room.bytes > room.maxBytes) throw tooLarge(room.maxBytes);
  const grown = {
    ...run,
    bytes: run.bytes + bytes,
    durationSeconds: run.durationSeconds + segment.durationSeconds,
  };
  const runs = run === last ? [...kept.runs.slice(0, -1), grown] : [...kept.runs, grown];
  const now = { ...kept, next: index + 1, runs };
  await remember(track, now);
  return now;
}

async function beginRun(track: TrackDownload, { init, sequence }: ListedSegment, file: string): Promise<Run> {
  const path = join(track.folder, file);
  await rm(path, { force: true });
  let bytes = 0;
  if (init !== null) {
    const piece = `${path}.init`;
    await fetchPiece(track, init, init.key, sequence, piece);
    bytes = await appendFile(piece, 0, path);
    await rm(piece, { force: true });
    track.room.bytes += bytes;
  }
  return { file, bytes, durationSeconds: 0, startSeconds: null };
}

async function appendFile(from: string, skipBytes: number, to: string): Promise<number> {
  const handle = await open(to, 'a');
  let bytes = 0;
  try {
    for await (const chunk of createReadStream(from, { start: skipBytes })) {
      await handle.appendFile(chunk);
      bytes += chunk.length;
    }
  } finally {
    await handle.close();
  }
  return bytes;
}

/** What an earlier run left, cut to what it had finished; nothing when the playlist names other segments now. */
async function takeUp(track: TrackDownload): Promise<Kept> {
  const fingerprint = fingerprintOf(track);
  try {
    const kept = JSON.parse(await readFile(noteOf(track), 'utf8')) as Kept;
    if (kept.fingerprint === fingerprint) {
      for (const { file, bytes } of kept.runs) await truncate(join(track.folder, file), bytes);
      return kept;
    }
  } catch {
    // None, or not one that can be gone on with.
  }
  return { fingerprint, next: 0, runs: [] };
}

async function remember(track: TrackDownload, kept: Kept): Promise<void> {
  const note = noteOf(track);
  await writeFile(`${note}.new`, JSON.stringify(kept));
  await rename(`${note}.new`, note);
}

/** Which segments a playlist names. Without queries: many origins sign their addresses anew each time. */
function fingerprintOf({ listing, url }: TrackDownload): string {
  const hash = createHash('sha256');
  for (const { uri, range, durationSeconds } of listing.segments) {
    const { host, pathname } = absolute(uri, url);
    hash.update(JSON.stringify([host, pathname, range, durationSeconds]));
  }
  return hash.digest('hex');
}

function noteOf({ folder, name }: TrackDownload): string {
  return join(folder, `${name}.json`);
}

function isSameInit(one: InitSection | null, other: InitSection | null): boolean {
  return one?.uri === other?.uri && one?.range?.offset === other?.range?.offset;
}

/** @throws LivereelError `source-refused` for what is no address. */
export function absolute(uri: string, base: URL): URL {
  if (!URL.canParse(uri, base.href)) {
    throw new LivereelError('source-refused', 'The HLS playlist names something that is no address.');
  }
  return new URL(uri, base.href);
}
