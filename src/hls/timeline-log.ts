import { appendFileSync } from 'node:fs';
import { type FileHandle, open, readFile } from 'node:fs/promises';
import type { ContainerKind, MediaTracks } from '../media/container.ts';
import type { AudioChannels } from '../media/media-sample.ts';
import type { RenditionFormat } from './rendition.ts';

/**
 * What a rendition is made of, line by line: enough to go on after a crash exactly where viewers were left.
 * A part's line is written after its bytes and before anyone can see it.
 */
export type TimelineEntry =
  | {
      readonly type: 'run';
      readonly run: number;
      /** The stream's header in the journal: from here, up to where its media begins. */
      readonly headerStart: number;
      readonly headerEnd: number;
      /** Where this run's media begins in the journal. */
      readonly mediaStart: number;
      /** Pictures of the journal before it. */
      readonly framesBefore: number;
      readonly container: ContainerKind;
      readonly tracks: MediaTracks;
      /** On the media timeline, where the run begins. */
      readonly startSeconds: number;
      readonly startedAtMillis: number;
    }
  /** Media time less the stream's own: known at a run's first sample. */
  | { readonly type: 'clock'; readonly run: number; readonly offsetSeconds: number }
  /** A decoder may be fed from `offset` on; `frames` pictures of the whole journal lie before it. */
  | { readonly type: 'point'; readonly offset: number; readonly timeSeconds: number; readonly frames: number }
  | {
      readonly type: 'init';
      readonly init: number;
      readonly format: RenditionFormat;
      /** Parameter sets as hexadecimal text. */
      readonly video: {
        readonly timescale: number;
        readonly sps: readonly string[];
        readonly pps: readonly string[];
      } | null;
      readonly audioChannels: AudioChannels;
    }
  | {
      readonly type: 'segment';
      readonly segment: number;
      readonly init: number;
      readonly isDiscontinuity: boolean;
      readonly startedAtMillis: number;
    }
  | {
      readonly type: 'part';
      readonly durationSeconds: number;
      readonly isIndependent: boolean;
      readonly sizeBytes: number;
      readonly partTargetSeconds: number;
      readonly endSeconds: number;
      readonly isLast: boolean;
      readonly video: { readonly decodeTime: number; readonly presentationTime: number } | null;
      readonly run: number;
      readonly audioEndTicks: number;
      readonly frames: number;
    }
  /** The open segment ended without a part of its own. */
  | { readonly type: 'close' }
  /** The journal ended: pictures in it, and how often its bytes made no sense. */
  | { readonly type: 'end'; readonly journalFrames: number; readonly damages: number };

/** Appends entries to a rendition's log; owned by its packager. */
export class TimelineLog {
  readonly #handle: FileHandle;

  private constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** Opens the log at `path` and reads what is there; a last line that was cut is dropped. */
  static async open(path: string): Promise<{ log: TimelineLog; entries: TimelineEntry[] }> {
    const handle = await open(path, 'a+');
    const text = await readFile(path, 'utf8');
    const entries: TimelineEntry[] = [];
    let length = 0;
    for (const line of text.split('\n').slice(0, -1)) {
      try {
        entries.push(JSON.parse(line));
      } catch {
        // A machine that lost power leaves a line of zeros: what follows was not flushed either.
        break;
      }
      length += Buffer.byteLength(line) + 1;
    }
    await handle.truncate(length);
    return { log: new TimelineLog(handle), entries };
  }

  async append(...entries: readonly TimelineEntry[]): Promise<void> {
    // Also on a disk that is nearly full: all of it is written, or it throws. On this thread: a line takes
    // microseconds, handing it to another thread and back takes ten times that.
    appendFileSync(this.#handle.fd, textOf(entries));
  }

  /** Forgets all that stands behind `kept`, the first entries that `open` read. */
  async cutBehind(kept: readonly TimelineEntry[]): Promise<void> {
    await this.#handle.truncate(Buffer.byteLength(textOf(kept)));
  }

  async flush(): Promise<void> {
    await this.#handle.datasync();
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

function textOf(entries: readonly TimelineEntry[]): string {
  return entries.map(entry => `${JSON.stringify(entry)}\n`).join('');
}
