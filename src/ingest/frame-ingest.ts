import { LivereelError } from '../errors.ts';
import { readJpegHead } from '../media/jpeg.ts';
import { MatroskaWriter } from '../media/matroska-writer.ts';
import { FrameClock, type FrameTime } from './frame-clock.ts';

/** What frames go into: a session fits. */
export interface FrameSink {
  readonly isEmpty: boolean;
  readonly frameRate: number | null;
  /** Time of the newest frame on the stream's clock, -1 before the first. */
  readonly mediaTicks: number;
  append(
    payload: readonly Uint8Array[],
    facts: { units: number; kind: 'payload' | 'fresh'; mediaTicks: number },
  ): void;
}

export type FrameLimits = {
  readonly maxFrameBytes: number;
  readonly maxFramePixels: number;
  readonly maxFrameSide: number;
};

/** What a client is told although its frame was taken. */
export type FrameNotice = { readonly code: 'clock-set-back'; readonly message: string };

const clockSetBack: FrameNotice = {
  code: 'clock-set-back',
  message: 'a frame was captured before the one ahead of it: capture times must never decrease',
};
const millisecondNanos = 1_000_000;
// Past this, milliseconds are no whole numbers any more once they are turned into ticks.
const largestMicros = 2n ** 52n * 1_000n;

/** One session's JPEG frames on their way into a Matroska stream: each at its time, one block a frame. */
export class FrameIngest {
  readonly #sink: FrameSink;
  readonly #limits: FrameLimits;
  readonly #clock: FrameClock;
  readonly #writer: MatroskaWriter;

  constructor(sink: FrameSink, limits: FrameLimits) {
    this.#sink = sink;
    this.#limits = limits;
    this.#clock = new FrameClock(sink.mediaTicks);
    // At a constant rate a tick is a frame: frame n is shown at n / rate, exactly.
    const { frameRate } = sink;
    this.#writer = new MatroskaWriter(frameRate === null ? millisecondNanos : Math.round(1e9 / frameRate));
  }

  /**
   * Takes a frame; it is copied. `capturedAtMicros`: any epoch; null when not told. `arrivedAtMillis`: since 1970.
   * A frame that is refused counts all the same, also the first one, so that both sides count alike.
   * @throws LivereelError `bad-frame`, `frame-too-large`: the session goes on; and as the sink.
   */
  take(jpeg: Uint8Array, capturedAtMicros: bigint | null, arrivedAtMillis: number): FrameNotice | null {
    const bytes = Buffer.from(jpeg.buffer, jpeg.byteOffset, jpeg.byteLength);
    const refusal = this.#refusalOf(bytes, capturedAtMicros);
    if (refusal !== null) {
      this.#sink.append([], { units: 1, kind: 'payload', mediaTicks: this.#sink.mediaTicks });
      throw refusal;
    }
    const { ticks, isOutOfOrder } = this.#timeOf(capturedAtMicros, arrivedAtMillis);
    const payload: Uint8Array[] = [this.#writer.frameHead(1, ticks, true, bytes.length), bytes];
    if (this.#sink.isEmpty) payload.unshift(this.#header(bytes));
    this.#sink.append(payload, { units: 1, kind: 'payload', mediaTicks: ticks });
    return isOutOfOrder ? clockSetBack : null;
  }

  #timeOf(capturedAtMicros: bigint | null, arrivedAtMillis: number): FrameTime {
    if (this.#sink.frameRate !== null) return { ticks: this.#sink.mediaTicks + 1, isOutOfOrder: false };
    if (capturedAtMicros !== null) return this.#clock.captured(Number(capturedAtMicros) / 1_000);
    return { ticks: this.#clock.arrived(arrivedAtMillis), isOutOfOrder: false };
  }

  #header(jpeg: Buffer): Buffer {
    const size = readJpegHead(jpeg) ?? { width: 0, height: 0 };
    return this.#writer.header([{ number: 1, kind: 'video', codecId: 'V_MJPEG', ...size }]);
  }

  #refusalOf(jpeg: Buffer, capturedAtMicros: bigint | null): LivereelError | null {
    const { maxFrameBytes, maxFramePixels, maxFrameSide } = this.#limits;
    if (jpeg.length > maxFrameBytes) {
      return new LivereelError(
        'frame-too-large',
        `a frame of ${jpeg.length} bytes is over the limit of ${maxFrameBytes}`,
      );
    }
    if (capturedAtMicros !== null && capturedAtMicros > largestMicros) {
      return new LivereelError('bad-frame', 'the capture time is no time in microseconds');
    }
    const head = readJpegHead(jpeg);
    if (head === null)
      return new LivereelError(
        'bad-frame',
        'a message must hold exactly one JPEG picture; this one was skipped',
      );
    const { width, height } = head;
    if (width > maxFrameSide || height > maxFrameSide || width * height > maxFramePixels) {
      return new LivereelError(
        'frame-too-large',
        `a frame of ${width} × ${height} pixels is over the limit; send smaller ones`,
      );
    }
    return null;
  }
}
