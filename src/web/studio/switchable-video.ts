// Chromium's insertable streams, which TypeScript's DOM does not describe.
type Generator = MediaStreamTrack & { readonly writable: WritableStream<VideoFrame> };
type GeneratorClass = new (options: { kind: 'video' }) => Generator;
type ProcessorClass = new (options: {
  track: MediaStreamTrack;
  maxBufferSize: number;
}) => {
  readonly readable: ReadableStream<VideoFrame>;
};
const platform = globalThis as unknown as {
  MediaStreamTrackGenerator?: GeneratorClass;
  MediaStreamTrackProcessor?: ProcessorClass;
};

/**
 * One video track whose source can change while it is recorded: MediaRecorder stops with an error when the
 * tracks of its stream change. Frames pass through by reference, never through a canvas, so a hidden tab goes
 * on. Only Chromium can; elsewhere the source stays the same during a recording.
 */
export class SwitchableVideo {
  static readonly isSupported =
    platform.MediaStreamTrackGenerator !== undefined && platform.MediaStreamTrackProcessor !== undefined;

  readonly #generator: Generator;
  readonly #writer: WritableStreamDefaultWriter<VideoFrame>;
  #reader: ReadableStreamDefaultReader<VideoFrame> | undefined;

  /** Begins with `source`, which stays the caller's to stop. */
  constructor(source: MediaStreamTrack) {
    const generatorClass = platform.MediaStreamTrackGenerator as GeneratorClass;
    this.#generator = new generatorClass({ kind: 'video' });
    this.#writer = this.#generator.writable.getWriter();
    this.switchTo(source);
  }

  /** The track to record. */
  get track(): MediaStreamTrack {
    return this.#generator;
  }

  /** From now on shows `source`. */
  switchTo(source: MediaStreamTrack): void {
    void this.#reader?.cancel().catch(() => {});
    const processorClass = platform.MediaStreamTrackProcessor as ProcessorClass;
    const reader = new processorClass({ track: source, maxBufferSize: 4 }).readable.getReader();
    this.#reader = reader;
    void this.#pass(reader);
  }

  /** Ends the track. Safe to call twice. */
  close(): void {
    void this.#reader?.cancel().catch(() => {});
    this.#reader = undefined;
    this.#generator.stop();
  }

  async #pass(reader: ReadableStreamDefaultReader<VideoFrame>): Promise<void> {
    try {
      for (;;) {
        const { value: frame, done } = await reader.read();
        if (done) return;
        if (this.#reader !== reader) frame.close();
        else await this.#writer.write(frame);
      }
    } catch {
      // The source or the track has ended, which its `ended` event tells.
    }
  }
}
