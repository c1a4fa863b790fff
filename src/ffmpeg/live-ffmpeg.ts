import type { Readable } from 'node:stream';
import type { Log } from '../log.ts';
import type { AvcParameterSets } from '../media/avc.ts';
import { FragmentStreamReader, type FragmentStreamVisitor } from '../media/fragment-stream-reader.ts';
import { MatroskaPictures } from '../media/matroska-pictures.ts';
import { type ChildProgram, startProgram } from '../process/child-program.ts';
import { audioPipe, type LiveInput, liveArguments, speechPipe, videoPipe } from './live-arguments.ts';

/** Gets what ffmpeg makes of a stream; `settled` is waited for before more is read, so nothing piles up. */
export interface LiveOutput {
  readonly video: FragmentStreamVisitor;
  readonly audio: FragmentStreamVisitor;
  /** PCM of what `LiveInput.isHeard`; taken as it comes: nothing ever waits for it. */
  readonly speech: FragmentStreamVisitor;
  settled(): Promise<void>;
  /** Nothing is under way that `settled` would wait for. */
  readonly isSettled: boolean;
  /** H.264 that needs nothing of ffmpeg passes beside it: how it is coded; its pictures come to `video.sample`. */
  passingVideo(parameterSets: AvcParameterSets, width: number, height: number): void;
  /** Sound until `seconds` on the stream's clock went to ffmpeg: it will come, however late. */
  soundPassed(seconds: number): void;
  /** Waited for after pictures passed: they come at once, and their sound later. */
  room(): Promise<void>;
}

export type LiveFfmpegSettings = {
  readonly ffmpegPath: string;
  readonly addressSpaceBytes: number;
  /** An empty folder: ffmpeg finds nothing beside itself. */
  readonly workingDirectory: string;
};

// Of computing time: days of passing through, hours of transcoding; then it is started anew like after a crash.
const cpuSeconds = 43_200;
// It reads as fast as it can; one that does not take anything for so long hangs.
const stuckMillis = 30_000;

/** How ffmpeg ended: null `reason` for a stream read to its end. */
export type LiveEnd = { readonly reason: string | null };

/** The one ffmpeg of a live session: container stream in, samples out. A crash costs its session a moment. */
export class LiveFfmpeg {
  /** Resolves when it is gone and all that it wrote is taken; never rejects. */
  readonly ended: Promise<LiveEnd>;
  readonly #program: ChildProgram;
  readonly #output: LiveOutput;
  readonly #pictures: MatroskaPictures | null;
  #isInputEnded = false;
  #isGone = false;
  #isVideoRefused = false;
  #onGone: () => void = () => undefined;
  #outputFailure: unknown = null;
  #progress: Readonly<Record<string, string>> = {};

  constructor(settings: LiveFfmpegSettings, input: LiveInput, output: LiveOutput, log: Log) {
    this.#output = output;
    this.#pictures = input.isVideoPassed ? this.#passing(output) : null;
    const { tracks } = input;
    const forFfmpeg = this.#pictures === null ? input : { ...input, tracks: { ...tracks, video: null } };
    this.#program = startProgram({
      name: 'ffmpeg',
      program: settings.ffmpegPath,
      args: liveArguments(forFfmpeg),
      cwd: settings.workingDirectory,
      stdin: 'pipe',
      stdout: 'pipe',
      outputs: input.isHeard ? 3 : 2,
      limits: { cpuSeconds, addressSpaceBytes: settings.addressSpaceBytes },
      log,
    });
    const [video, audio, speech] = [videoPipe, audioPipe, speechPipe].map(
      pipe => this.#program.outputs[pipe - 3] as Readable,
    );
    const readers = [
      this.#readSamples(video as Readable, output.video, output),
      this.#readSamples(audio as Readable, output.audio, output),
      this.#readProgress(),
    ];
    if (speech !== undefined) readers.push(this.#readSpeech(speech, output.speech, log));
    this.ended = this.#end(readers);
  }

  /** What ffmpeg last told of itself: `frame`, `fps`, `speed`, `out_time_us` … */
  get progress(): Readonly<Record<string, string>> {
    return this.#progress;
  }

  /** Whether it exited: nothing that is written reaches it any more. */
  get isGone(): boolean {
    return this.#isGone;
  }

  /** Its pictures cannot pass beside it: another one has to take them. */
  get isVideoRefused(): boolean {
    return this.#isVideoRefused;
  }

  get pid(): number {
    return this.#program.pid;
  }

  /** Resolves when ffmpeg took the bytes, or is gone: `isGone` tells which. One write at a time. */
  async write(bytes: Buffer): Promise<void> {
    if (this.#pictures === null) return this.#writeToProgram(bytes);
    const sound = await this.#pass(this.#pictures, bytes);
    if (sound !== null && sound.length > 0) await this.#writeToProgram(sound);
    await this.#untilGoneOr(this.#output.room());
  }

  #passing(output: LiveOutput): MatroskaPictures {
    return new MatroskaPictures({
      coding: (sets, width, height) => output.passingVideo(sets, width, height),
      picture: sample => output.video.sample(sample),
      soundPassed: seconds => output.soundPassed(seconds),
      refused: () => {
        this.#isVideoRefused = true;
        this.#program.kill('SIGKILL');
      },
    });
  }

  /** Gives the pictures on; what is left is ffmpeg's. Null when they cannot be taken. */
  async #pass(pictures: MatroskaPictures, bytes: Buffer): Promise<Buffer | null> {
    try {
      const rest = pictures.push(bytes);
      await this.#output.settled();
      return rest;
    } catch (error) {
      this.#failOutput(error);
      return null;
    }
  }

  async #writeToProgram(bytes: Buffer): Promise<void> {
    const { stdin } = this.#program;
    if (this.#isGone) return;
    const stuck = setTimeout(() => this.#program.kill('SIGKILL'), stuckMillis);
    await this.#untilGoneOr(
      new Promise<void>(resolve => {
        // Input that breaks is a program that ends: whoever writes must know before the next bytes come.
        if (stdin !== null && !stdin.destroyed) stdin.write(bytes, error => !error && resolve());
      }),
    );
    clearTimeout(stuck);
  }

  /** Not a race with the promise of its exit: that lives as long as the stream and would remember every write. */
  async #untilGoneOr(done: Promise<void>): Promise<void> {
    if (this.#isGone) return;
    await new Promise<void>(resolve => {
      this.#onGone = resolve;
      void done.then(resolve);
    });
  }

  /** Nothing more will come; resolves like `ended`. */
  async endInput(): Promise<LiveEnd> {
    this.#isInputEnded = true;
    this.#pictures?.end();
    this.#program.stdin?.end();
    return this.ended;
  }

  /** Lets it go at once. */
  async close(): Promise<void> {
    this.#program.kill('SIGKILL');
    await this.#program.close();
    await this.ended;
  }

  #readSamples(pipe: Readable, visitor: FragmentStreamVisitor, output: LiveOutput): Promise<void> {
    const reader = new FragmentStreamReader(visitor);
    return new Promise((resolve, reject) => {
      // Not an asynchronous iteration: that costs more than all that is done with a few frames of sound.
      pipe.on('data', (bytes: Buffer) => {
        try {
          reader.push(bytes);
        } catch (error) {
          pipe.destroy();
          reject(error);
        }
        if (output.isSettled) return;
        pipe.pause();
        output.settled().then(() => pipe.resume(), reject);
      });
      pipe.once('error', reject);
      pipe.once('close', resolve);
    });
  }

  /** Captions are an addition: whatever goes wrong with them, the pipe is emptied and the stream goes on. */
  async #readSpeech(pipe: Readable, visitor: FragmentStreamVisitor, log: Log): Promise<void> {
    let reader: FragmentStreamReader | null = new FragmentStreamReader(visitor);
    for await (const bytes of pipe) {
      try {
        reader?.push(bytes as Buffer);
      } catch (error) {
        log.error({ err: error }, 'sound not heard: no captions until the stream begins anew');
        reader = null;
      }
    }
  }

  async #readProgress(): Promise<void> {
    const lines: Record<string, string> = {};
    for await (const text of this.#program.stdout ?? []) {
      for (const line of String(text).split('\n')) {
        const [key, value] = line.split('=');
        if (key && value !== undefined) lines[key.trim()] = value.trim();
      }
      this.#progress = { ...lines };
    }
  }

  #failOutput(error: unknown): void {
    this.#outputFailure = error;
    this.#program.kill('SIGKILL');
  }

  async #end(readers: readonly Promise<void>[]): Promise<LiveEnd> {
    // One that cannot take what ffmpeg writes must not leave it waiting for ever.
    const reading = Promise.all(readers).catch(error => this.#failOutput(error));
    const exit = await this.#program.exited;
    this.#isGone = true;
    this.#onGone();
    await reading;
    if (this.#outputFailure !== null)
      return { reason: String((this.#outputFailure as Error).message ?? 'output failed') };
    if (exit.code === 0 && this.#isInputEnded) return { reason: null };
    if (exit.signal !== null) return { reason: `ended by ${exit.signal}` };
    return { reason: this.#program.stderrTail().trim() || `ended with code ${exit.code}` };
  }
}
