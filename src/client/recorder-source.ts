import type { Publisher } from './publisher.ts';
import { videoBitsPerSecond } from './recorder-types.ts';

/** How to record: `mimeType` from `chooseRecorderType`; the picture's measures decide the bits per second. */
export type RecorderOptions = {
  readonly mimeType: string;
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  readonly frameRate?: number | undefined;
};

interface Recorder {
  readonly state: 'inactive' | 'recording' | 'paused';
  ondataavailable: ((event: { data: Blob }) => void) | null;
  onstop: (() => void) | null;
  onerror: ((event: { error?: unknown }) => void) | null;
  start(timesliceMillis: number): void;
  stop(): void;
}
type RecorderClass = new (stream: unknown, options: Record<string, unknown>) => Recorder;
type Page = { readonly visibilityState?: string };

// Shorter slices cost more messages, longer ones delay every picture in them.
const timesliceMillis = 200;
const keyFrameIntervalMillis = 2_000;
const audioBitsPerSecond = 128_000;
// Slices this late mean that the browser has throttled the recorder.
const slowGapMillis = 1_000;
const restartLimit = 3;

/**
 * Records a stream with the browser's MediaRecorder into a publisher, slice by slice, in order. The recorder
 * itself is the source, not a canvas, because hidden tabs paint one frame a second.
 *
 * Events: `slow` when the tab is hidden and slices come late; `stopped` when nothing more will come, also when
 * all tracks have ended by themselves. `error` says why, when it was not asked for.
 */
export class RecorderSource extends EventTarget {
  readonly #stream: object;
  readonly #publisher: Publisher;
  readonly #options: RecorderOptions;
  #recorder: Recorder | undefined;
  #lastSliceAtMillis = 0;
  #restarts = 0;
  #isStopping = false;
  #error: unknown;
  readonly #stopped: Promise<void>;
  #settleStopped!: () => void;

  /**
   * Starts at once. `stream`: a MediaStream (the server is compiled without a DOM, so its type stays unsaid).
   * @throws DOMException when the browser cannot record this stream.
   */
  constructor(stream: object, publisher: Publisher, options: RecorderOptions) {
    super();
    this.#stream = stream;
    this.#publisher = publisher;
    this.#options = options;
    this.#stopped = new Promise(resolve => {
      this.#settleStopped = resolve;
    });
    this.#start();
  }

  /** Why recording stopped, when nobody asked for it. */
  get error(): unknown {
    return this.#error;
  }

  /** Stops; resolves when the last slice is with the publisher. Safe to call twice. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    if (this.#recorder?.state !== 'inactive') this.#recorder?.stop();
    await this.#stopped;
  }

  #start(): void {
    const { mimeType, width = 1_280, height = 720, frameRate = 30 } = this.#options;
    const recorderClass = (globalThis as unknown as { MediaRecorder: RecorderClass }).MediaRecorder;
    const recorder = new recorderClass(this.#stream, {
      mimeType,
      videoBitsPerSecond: videoBitsPerSecond(width, height, frameRate),
      audioBitsPerSecond,
      videoKeyFrameIntervalDuration: keyFrameIntervalMillis,
    });
    recorder.ondataavailable = event => this.#slice(event.data);
    recorder.onerror = event => {
      this.#error = event.error ?? new Error('The recorder failed.');
    };
    recorder.onstop = () => this.#recorderStopped();
    recorder.start(timesliceMillis);
    this.#recorder = recorder;
  }

  #slice(data: Blob): void {
    const now = performance.now();
    const page = (globalThis as { document?: Page }).document;
    const isLate = this.#lastSliceAtMillis > 0 && now - this.#lastSliceAtMillis > slowGapMillis;
    this.#lastSliceAtMillis = now;
    if (isLate && page?.visibilityState === 'hidden') this.dispatchEvent(new Event('slow'));
    // The publisher keeps the order; a failure of its own is told by its state.
    this.#publisher.send(data).catch(() => {});
  }

  #recorderStopped(): void {
    // Some browsers stop with an error when a phone is turned or a device changes. A new recorder of the same
    // stream goes on; its header in the middle of the bytes tells the server.
    if (!this.#isStopping && this.#error !== undefined && this.#restarts < restartLimit) {
      this.#restarts += 1;
      try {
        this.#start();
        this.#error = undefined;
        return;
      } catch (error) {
        this.#error = error;
      }
    }
    this.#isStopping = true;
    this.#settleStopped();
    this.dispatchEvent(new Event('stopped'));
  }
}
