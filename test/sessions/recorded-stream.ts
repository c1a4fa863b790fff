import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PartWriter } from '../../src/hls/part-writer.ts';
import { recordedFormat } from '../../src/hls/recorded-format.ts';
import { Rendition } from '../../src/hls/rendition.ts';
import { JournalWriter } from '../../src/journal/journal-writer.ts';
import { createLog } from '../../src/log.ts';
import type { MediaTracks } from '../../src/media/container.ts';
import { PlacedSpeech } from '../../src/sessions/placed-speech.ts';
import { type PipelineResult, SessionPipeline } from '../../src/sessions/session-pipeline.ts';
import { eventually } from '../support/eventually.ts';
import { isRunning } from '../support/process-tree.ts';

/** Sound as the pipeline told it. */
export type HeardPiece = { readonly startSeconds: number; readonly pcm: Int16Array };

type Test = { teardown(clean: () => Promise<void>): unknown };

/** How a session's pipeline is set up in these tests: as in the server. */
export const pipelineSettings = {
  ffmpegPath: 'ffmpeg',
  addressSpaceBytes: 2 * 1024 ** 3,
  cutter: { partSeconds: 0.2, segmentSeconds: 2, longestSegmentSeconds: 4 },
  frameRate: null as number | null,
};

/** A journal and the pipeline behind it, in a folder of their own; `restart` is what a new server does. */
export class RecordedStream {
  readonly folder: string;
  readonly #frameRate: number | null;
  /** What each run of the pipeline came to, in order. */
  readonly outcomes: Promise<PipelineResult>[] = [];
  readonly tracks: MediaTracks[] = [];
  /** What a listener was told, over all of the pipeline's lives. */
  readonly heard: HeardPiece[] = [];
  /** What the next pipeline takes for heard already, seconds. */
  heardSeconds = 0;
  journal!: JournalWriter;
  writer!: PartWriter;
  pipeline!: SessionPipeline;

  private constructor(folder: string, frameRate: number | null) {
    this.folder = folder;
    this.#frameRate = frameRate;
  }

  static async start(t: Test, frameRate: number | null = null): Promise<RecordedStream> {
    const folder = await mkdtemp(join(tmpdir(), 'livereel-pipeline-'));
    const stream = new RecordedStream(folder, frameRate);
    t.teardown(async () => {
      await stream.stop();
      await rm(folder, { recursive: true, force: true });
    });
    for (const name of ['main', 'work']) await mkdir(join(folder, name));
    await stream.#open();
    return stream;
  }

  /** The folder of segments and the log. */
  get renditionFolder(): string {
    return join(this.folder, 'main');
  }

  /** Appends bytes; `isFresh`: a publisher says that a recorder begins anew with them. */
  send(bytes: Uint8Array, isFresh = false): void {
    this.journal.append([bytes], { units: bytes.length, kind: isFresh ? 'fresh' : 'payload' });
  }

  /** Resolves when so many seconds are published. */
  async published(seconds: number): Promise<void> {
    await eventually(() => this.pipeline.publishedSeconds >= seconds, {
      what: `${seconds} s are published`,
      everyMillis: 5,
    });
  }

  /** Kills ffmpeg, as a lack of memory would. */
  async killFfmpeg(): Promise<void> {
    const pid = await eventually(() => {
      const { ffmpegPid } = this.pipeline;
      return ffmpegPid !== null && isRunning(ffmpegPid) && ffmpegPid;
    });
    process.kill(pid, 'SIGKILL');
    await eventually(() => !isRunning(pid), { what: 'the killed ffmpeg is gone' });
  }

  /** Lets everything go, and opens it again from what is on the disk. */
  async restart(): Promise<void> {
    await this.stop();
    await this.#open();
  }

  /** The end of the journal; resolves with what became of it. */
  async end(): Promise<PipelineResult> {
    await this.journal.end();
    return this.outcomes.at(-1) as Promise<PipelineResult>;
  }

  async stop(): Promise<void> {
    this.pipeline.close();
    await this.journal.close().catch(() => undefined);
    await this.outcomes.at(-1)?.catch(() => undefined);
    await this.writer.close().catch(() => undefined);
  }

  /** Every complete segment behind the header that has all tracks, as one file. */
  async wholeFile(): Promise<string> {
    const names = (await readdir(this.renditionFolder)).filter(name => /^\d+\.m4s$/.test(name)).sort();
    const { header } = recordedFormat(this.writer.rendition.formats);
    const files = [`init-${header}.mp4`, ...names].map(name => readFile(join(this.renditionFolder, name)));
    const file = join(this.folder, 'whole.mp4');
    await writeFile(file, Buffer.concat(await Promise.all(files)));
    return file;
  }

  async #open(): Promise<void> {
    const rendition = new Rendition('main', 4);
    const log = join(this.renditionFolder, 'timeline.log');
    const { writer, end } = await PartWriter.open(this.renditionFolder, log, rendition, () => undefined);
    this.journal = await JournalWriter.open(join(this.folder, 'journal'));
    this.writer = writer;
    this.pipeline = new SessionPipeline({
      journalDirectory: join(this.folder, 'journal'),
      tail: this.journal,
      writer,
      end,
      settings: {
        ...pipelineSettings,
        workingDirectory: join(this.folder, 'work'),
        frameRate: this.#frameRate,
      },
      log: createLog('silent'),
      onTracks: tracks => this.tracks.push(tracks),
      speech: new PlacedSpeech(
        {
          push: (startSeconds, pcm) => this.heard.push({ startSeconds, pcm }),
          end: async () => undefined,
          close: async () => undefined,
        },
        this.heardSeconds,
      ),
    });
    const outcome = this.pipeline.run();
    // Whoever asks for it is told; nobody may ask before the next restart.
    outcome.catch(() => undefined);
    this.outcomes.push(outcome);
  }
}
