import { renameSync, writeFileSync } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../log.ts';
import type { Cue } from '../media/cue.ts';
import { webVtt } from '../media/web-vtt.ts';
import { durationOf, mediaName, Rendition, type Segment } from './rendition.ts';

/** What is said, as far as it will not change. */
export interface SubtitleSource {
  /** BCP-47; null while nobody knows. */
  readonly spokenLanguage: string | null;
  /** What is final behind the one of index `after`, in order, up to the first that is not. */
  finalAfter(after: number): readonly (Cue & { readonly index: number })[];
}

// A player at the live edge gets a segment's subtitles when it has shown most of the segment.
const shownAfterSeconds = 1;

/**
 * The subtitle rendition of a stream that is live: for each segment of `video` one of text, written once when that
 * one is complete (docs/decisions/0005-live-subtitles.md). What is known too late for its own segment is shown from
 * the beginning of the newest one. Owned by the session.
 */
export class SubtitleWriter {
  readonly rendition: Rendition;
  readonly #directory: string;
  readonly #video: Rendition;
  readonly #source: SubtitleSource;
  readonly #log: Log;
  #startSeconds = 0;
  #shownIndex = -1;
  #shown: Cue[] = [];
  #isBroken = false;

  private constructor(directory: string, video: Rendition, source: SubtitleSource, log: Log) {
    this.#directory = directory;
    this.#video = video;
    this.#source = source;
    this.#log = log;
    this.rendition = new Rendition('captions', video.targetDurationSeconds, 'text');
    this.rendition.siblings.push(video);
    video.siblings.push(this.rendition);
  }

  /** Opens the rendition in `directory` and goes on behind what an earlier life of the server wrote. */
  static async open(
    directory: string,
    video: Rendition,
    source: SubtitleSource,
    log: Log,
  ): Promise<SubtitleWriter> {
    await mkdir(directory, { recursive: true });
    const writer = new SubtitleWriter(directory, video, source, log);
    await writer.#adopt(new Set(await readdir(directory)));
    writer.published();
    return writer;
  }

  /** To be called when the video's rendition grew or ended. */
  published(): void {
    for (;;) {
      const segment = this.#video.closed[this.rendition.closed.length];
      if (segment === undefined) break;
      this.#write(segment);
      this.#mirror(segment);
    }
    this.rendition.isEnded = this.#video.isEnded;
  }

  async #adopt(names: ReadonlySet<string>): Promise<void> {
    for (const segment of this.#video.closed) {
      if (!names.has(mediaName.text(segment.number))) break;
      this.#mirror(segment);
    }
    // Each file says how far captions were shown with it; one that a power cut emptied does not.
    for (const { number } of this.rendition.closed.toReversed()) {
      const text = await readFile(join(this.#directory, mediaName.text(number)), 'utf8');
      const shown = /^NOTE captions to (-?\d+)$/m.exec(text)?.[1];
      if (shown === undefined) continue;
      this.#shownIndex = Number(shown);
      return;
    }
  }

  #mirror(segment: Segment): void {
    const durationSeconds = durationOf(segment);
    const whole = { durationSeconds, isIndependent: true, offsetBytes: 0, sizeBytes: 0 };
    this.rendition.closed.push({ ...segment, parts: [whole] });
    this.#startSeconds += durationSeconds;
  }

  #write(segment: Segment): void {
    const cues = this.#cuesUntil(this.#startSeconds + durationOf(segment));
    const text = `${webVtt(cues, { atSeconds: this.#startSeconds })}\nNOTE captions to ${this.#shownIndex}\n`;
    const path = join(this.#directory, mediaName.text(segment.number));
    try {
      // On this thread: some hundred bytes, and both playlists show the segment at the same moment.
      writeFileSync(`${path}.new`, text);
      renameSync(`${path}.new`, path);
      this.#isBroken = false;
    } catch (error) {
      if (!this.#isBroken) this.#log.warn({ err: error }, 'subtitles not written');
      this.#isBroken = true;
    }
  }

  /** What is to be seen in the segment that ends at `endSeconds`: what began before and lasts, and what is new. */
  #cuesUntil(endSeconds: number): Cue[] {
    const cues = this.#shown.filter(({ end }) => end > this.#startSeconds);
    for (const { index, start, end, text } of this.#source.finalAfter(this.#shownIndex)) {
      if (start >= endSeconds) break;
      this.#shownIndex = index;
      cues.push({
        start: Math.max(start, this.#startSeconds),
        end: Math.max(end, endSeconds + shownAfterSeconds),
        text,
      });
    }
    this.#shown = cues;
    return cues;
  }
}
