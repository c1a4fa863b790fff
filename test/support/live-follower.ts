import { setTimeout as delay } from 'node:timers/promises';
import { readInit, readRuns, type TrackInfo, type TrackRun } from './fragment-times.ts';
import { type MediaPlaylist, newestPart, parseMediaPlaylist, type Segment } from './hls-playlist.ts';
import { checkMediaPlaylist, type Violation } from './hls-rules.ts';
import { checkBlockingAnswer, checkSuccession } from './hls-succession.ts';

/** A part as a viewer got it. */
export type FollowedPart = {
  readonly sequence: number;
  readonly index: number;
  readonly bytes: Buffer;
  readonly runs: readonly TrackRun[];
  /** Milliseconds since 1970 (fractions kept) at which its last byte had arrived. */
  readonly arrivedAtMillis: number;
};

/** What to follow, and how. */
export type FollowOptions = {
  readonly baseUrl: string;
  readonly id: string;
  /** Default true: fetch every part. */
  readonly parts?: boolean;
};

/**
 * A viewer that follows a live playlist by blocking reloads until its end, fetches every part, and holds each answer
 * against the rules. It outlives servers that die: then it goes on asking, and what it had must still be true.
 */
export class LiveFollower {
  readonly #options: FollowOptions;
  readonly #playlistUrl: URL;
  readonly #tracks = new Map<string, TrackInfo[]>();
  readonly #fetched = new Set<string>();
  #previousText: string | null = null;
  /** Broken rules, with the number of the reload that showed it. */
  readonly violations: (Violation & { readonly reload: number })[] = [];
  /** What is wrong with the media itself: gaps, repeats, parts that are not what the segment became. */
  readonly faults: string[] = [];
  /** Everything that was fetched, in order. */
  readonly parts: FollowedPart[] = [];
  /** Requests that failed, and the time lost by them: a server that was down. */
  readonly failures: { readonly what: string; readonly atMillis: number }[] = [];
  reloads = 0;
  /** The newest playlist that was seen. */
  playlist: MediaPlaylist | null = null;

  constructor(options: FollowOptions) {
    this.#options = options;
    this.#playlistUrl = new URL(`/hls/${options.id}/main/stream.m3u8`, options.baseUrl);
  }

  /** Text of the newest playlist. */
  get text(): string {
    return this.#previousText ?? '';
  }

  /** Follows until the playlist has ended. @throws the signal's reason. */
  async follow(signal: AbortSignal): Promise<void> {
    while (!this.playlist?.ended) {
      signal.throwIfAborted();
      const asked = this.#nextAsked();
      const text = await this.#reload(asked, signal);
      if (text === null) {
        await delay(50, undefined, { signal });
        continue;
      }
      this.#judge(text, asked);
      if (this.#options.parts ?? true) await this.#fetchParts(signal);
    }
  }

  /** The part after the newest: the one a blocking reload asks for; null before the first answer. */
  #nextAsked(): { sequence: number; part: number } | null {
    const playlist = this.playlist;
    if (!playlist) return null;
    // After a failure the plain playlist tells where things are.
    if (this.failures.length > 0 && performance.now() - (this.failures.at(-1)?.atMillis ?? 0) < 50)
      return null;
    const newest = newestPart(playlist);
    const complete = playlist.segments.filter(segment => segment.uri !== null).at(-1);
    if (newest && (!complete || newest.sequence > complete.sequence)) {
      return { sequence: newest.sequence, part: newest.part + 1 };
    }
    return { sequence: (complete?.sequence ?? -1) + 1, part: 0 };
  }

  async #reload(
    asked: { sequence: number; part: number } | null,
    signal: AbortSignal,
  ): Promise<string | null> {
    const url = new URL(this.#playlistUrl);
    if (asked) {
      url.searchParams.set('_HLS_msn', `${asked.sequence}`);
      url.searchParams.set('_HLS_part', `${asked.part}`);
    }
    const answer = await this.#get(url, signal);
    this.reloads += 1;
    return answer === null ? null : answer.toString();
  }

  /** Null when it could not be had; before the first playlist that is no failure. */
  async #get(url: URL, signal: AbortSignal): Promise<Buffer | null> {
    try {
      const answer = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(20_000)]) });
      const bytes = Buffer.from(await answer.arrayBuffer());
      if (answer.ok) return bytes;
      if (this.playlist) this.#failed(`${answer.status} for ${url.pathname}${url.search}`);
      return null;
    } catch (error) {
      signal.throwIfAborted();
      if (this.playlist) this.#failed(`${error instanceof Error ? error.message : error}: ${url.pathname}`);
      return null;
    }
  }

  #failed(what: string): void {
    this.failures.push({ what, atMillis: performance.now() });
  }

  #judge(text: string, asked: { sequence: number; part: number } | null): void {
    const found = checkMediaPlaylist(text);
    if (this.#previousText !== null) found.push(...checkSuccession(this.#previousText, text));
    if (asked) found.push(...checkBlockingAnswer(text, asked));
    this.violations.push(...found.map(violation => ({ ...violation, reload: this.reloads })));
    this.#previousText = text;
    this.playlist = parseMediaPlaylist(text);
  }

  async #fetchParts(signal: AbortSignal): Promise<void> {
    for (const segment of this.playlist?.segments ?? []) {
      for (const [index, part] of segment.parts.entries()) {
        if (this.#fetched.has(part.uri)) continue;
        const bytes = await this.#get(new URL(part.uri, this.#playlistUrl), signal);
        // Asked for again with the next playlist: a part that is listed must be there.
        if (bytes === null) return;
        const arrivedAtMillis = performance.timeOrigin + performance.now();
        this.#fetched.add(part.uri);
        const tracks = await this.#init(segment, signal);
        if (!tracks) return;
        const runs = readRuns(bytes, tracks);
        this.#checkContinuity(segment, index, runs);
        this.parts.push({ sequence: segment.sequence, index, bytes, runs, arrivedAtMillis });
      }
    }
  }

  async #init(segment: Segment, signal: AbortSignal): Promise<TrackInfo[] | null> {
    const uri = segment.map ?? '';
    const known = this.#tracks.get(uri);
    if (known) return known;
    const bytes = await this.#get(new URL(uri, this.#playlistUrl), signal);
    if (!bytes) return null;
    const tracks = readInit(bytes);
    this.#tracks.set(uri, tracks);
    return tracks;
  }

  /** Decode times of a track go on where the part before ended, unless a discontinuity lies between. */
  #checkContinuity(segment: Segment, index: number, runs: readonly TrackRun[]): void {
    const previous = this.parts.at(-1);
    if (!previous) return;
    const follows =
      (previous.sequence === segment.sequence && previous.index === index - 1) ||
      (previous.sequence === segment.sequence - 1 && index === 0);
    if (!follows) return;
    if (index === 0 && segment.discontinuity) return;
    for (const run of runs) {
      const before = this.parts.findLast(part => part.runs.some(other => other.trackId === run.trackId));
      const last = before?.runs.findLast(other => other.trackId === run.trackId);
      if (!last) continue;
      const gapMillis = (run.startSeconds - last.startSeconds - last.durationSeconds) * 1_000;
      if (Math.abs(gapMillis) > 2) {
        const name = `${segment.sequence}.${index}`;
        this.faults.push(`${run.kind} of part ${name}: ${gapMillis.toFixed(1)} ms after the end before it`);
      }
    }
  }

  /**
   * At the end of a segment the sound must reach as far as the picture: where it does not, hls.js at the live edge
   * takes the segment for missing and loads it again and again.
   */
  #checkSound(sequence: number, parts: readonly FollowedPart[]): void {
    const runs = parts.flatMap(part => part.runs);
    const endOf = (kind: TrackRun['kind']) => {
      const last = runs.findLast(run => run.kind === kind && run.sampleCount > 0);
      return last ? last.startSeconds + last.durationSeconds : null;
    };
    const [picture, sound] = [endOf('video'), endOf('audio')];
    if (picture === null || sound === null || sound >= picture - 0.001) return;
    const millis = ((picture - sound) * 1_000).toFixed(1);
    this.faults.push(`the sound of segment ${sequence} ends ${millis} ms before its picture`);
  }

  /**
   * Fetches every finished segment and compares it with the parts that viewers got: they must be what the segment
   * begins with. Call it when the playlist has ended.
   */
  async compareWithSegments(): Promise<void> {
    const bySequence = groupBySequence(this.parts);
    const finals = new Map((this.playlist?.segments ?? []).map(segment => [segment.sequence, segment]));
    for (const [sequence, parts] of bySequence) {
      const uri = finals.get(sequence)?.uri;
      if (!uri) {
        this.faults.push(`segment ${sequence} had parts and is not in the finished playlist`);
        continue;
      }
      const answer = await fetch(new URL(uri, this.#playlistUrl));
      const whole = Buffer.from(await answer.arrayBuffer());
      if (!answer.ok) this.faults.push(`${answer.status} for ${uri}`);
      if (parts.some((part, index) => part.index !== index)) continue;
      const begun = Buffer.concat(parts.map(part => part.bytes));
      if (!whole.subarray(0, begun.length).equals(begun)) {
        this.faults.push(`segment ${sequence} is not what its parts were`);
      }
      // The end of a stream comes without its last parts in the playlist: what a viewer never got has no end to check.
      if (begun.length === whole.length) this.#checkSound(sequence, parts);
    }
  }
}

function groupBySequence(parts: readonly FollowedPart[]): Map<number, FollowedPart[]> {
  const groups = new Map<number, FollowedPart[]>();
  for (const part of parts) groups.set(part.sequence, [...(groups.get(part.sequence) ?? []), part]);
  return groups;
}
