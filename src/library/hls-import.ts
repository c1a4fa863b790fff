import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { LivereelError } from '../errors.ts';
import type { GuardedClient } from '../fetch/guarded-client.ts';
import { soundOf, variantsByWorth } from '../fetch/hls-choice.ts';
import { type MasterListing, type MediaListing, readPlaylist, type Variant } from '../fetch/hls-playlist.ts';
import { HlsSegments } from '../fetch/hls-segments.ts';
import { absolute, downloadTrack, type Run } from '../fetch/hls-track.ts';
import type { RunSettings } from '../ffmpeg/background-run.ts';
import { joinRuns, type StreamRun } from '../ffmpeg/joined-runs.ts';

/** What is fetched, and where to. */
export type HlsImport = {
  readonly client: GuardedClient;
  /** Of the playlist. */
  readonly url: URL;
  readonly folder: string;
  readonly outputFile: string;
  readonly maxBytes: number;
  readonly run: Omit<RunSettings, 'signal'>;
  readonly signal: AbortSignal;
  /** `part`: 0 to 1. */
  readonly progress: (bytes: number, part: number) => void;
};

/** A playlist of segments, and where it came from in the end. */
type Listing = { readonly listing: MediaListing; readonly url: URL };

const maxPlaylistBytes = 8 * 1024 ** 2;
/** Renditions whose playlist is not there are passed over; after so many the stream is taken to be gone. */
const mostVariantsTried = 4;

/**
 * Fetches an HLS stream that is over: the best sensible rendition, its sound beside it when that comes apart, as one
 * file. What an earlier attempt fetched of the same segments is kept.
 * @throws LivereelError `source-*`, `program-failed`; the signal's reason.
 */
export async function importHls(what: HlsImport): Promise<void> {
  const { client, folder, outputFile, maxBytes, signal, progress } = what;
  await mkdir(folder, { recursive: true });
  const segments = new HlsSegments(client, signal);
  const { pictures, sound } = await choose(segments, what.url, maxBytes);
  const room = { bytes: 0, maxBytes };
  const tracks = sound === null ? [pictures] : [pictures, sound];
  const wholeSeconds = tracks.reduce((sum, { listing }) => sum + secondsOf(listing), 0);
  let beforeSeconds = 0;
  const fetched: Run[][] = [];
  for (const [index, { listing, url }] of tracks.entries()) {
    const runs = await downloadTrack({
      segments,
      listing,
      url,
      folder,
      name: index === 0 ? 'picture' : 'sound',
      room,
      progress: doneSeconds =>
        progress(room.bytes, Math.min(1, (beforeSeconds + doneSeconds) / Math.max(wholeSeconds, 0.001))),
    });
    fetched.push(runs);
    beforeSeconds += secondsOf(listing);
  }
  const [first = [], second] = fetched.map(runs =>
    runs.map(run => ({ ...run, file: join(folder, run.file) })),
  );
  await joinRuns({ ...what.run, signal }, first, (second as StreamRun[] | undefined) ?? null, outputFile);
}

async function choose(
  segments: HlsSegments,
  url: URL,
  maxBytes: number,
): Promise<{ pictures: Listing; sound: Listing | null }> {
  const top = await segments.text(url, maxPlaylistBytes);
  const listing = readPlaylist(top.text, top.url);
  if (listing.kind === 'media') return { pictures: ended({ listing, url: top.url }), sound: null };
  const list = (uri: string) => mediaListing(segments, absolute(uri, top.url), listing.variables);
  const { variant, pictures } = await chooseVariant(listing, maxBytes, list);
  const sound = soundOf(listing, variant);
  return { pictures, sound: sound?.uri == null ? null : await list(sound.uri) };
}

async function chooseVariant(
  master: MasterListing,
  maxBytes: number,
  list: (uri: string) => Promise<Listing>,
): Promise<{ variant: Variant; pictures: Listing }> {
  const missing = new Set<Variant>();
  let failure: unknown;
  let durationSeconds: number | null = null;
  let chosen: { variant: Variant; pictures: Listing } | undefined;
  while (missing.size < mostVariantsTried) {
    const best = variantsByWorth(master, { maxBytes, durationSeconds }).find(
      variant => !missing.has(variant),
    );
    if (best === undefined) break;
    // How long it is, and with it which of them has room, is known once one was looked at.
    if (chosen?.variant === best) return chosen;
    try {
      chosen = { variant: best, pictures: await list(best.uri) };
      durationSeconds = secondsOf(chosen.pictures.listing);
    } catch (error) {
      if (!(error instanceof LivereelError) || !['source-refused', 'source-unavailable'].includes(error.code))
        throw error;
      failure ??= error;
      missing.add(best);
    }
  }
  throw failure;
}

async function mediaListing(
  segments: HlsSegments,
  url: URL,
  variables: ReadonlyMap<string, string>,
): Promise<Listing> {
  const fetched = await segments.text(url, maxPlaylistBytes);
  const listing = readPlaylist(fetched.text, fetched.url, variables);
  if (listing.kind === 'media') return ended({ listing, url: fetched.url });
  throw new LivereelError('source-refused', 'The HLS playlist leads to another list of renditions.');
}

function ended(found: Listing): Listing {
  if (found.listing.isEnded) return found;
  throw new LivereelError(
    'source-is-live',
    'This HLS stream is still live (its playlist has no end). Import it once it is over.',
  );
}

function secondsOf({ segments }: MediaListing): number {
  return segments.reduce((sum, { durationSeconds }) => sum + durationSeconds, 0);
}
