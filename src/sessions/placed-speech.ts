import type { SpeechListener } from '../captions/speech-listener.ts';
import type { MediaSample } from '../media/media-sample.ts';
import { speechSampleRate } from '../media/speech-sound.ts';

// Times went through ticks of a millisecond: sound that is off by less follows on what came before it.
const toleratedOffsetSeconds = 0.02;
// Sound that comes before the first picture is kept this long until the picture, and so its place, comes.
const longestWaitBytes = 10 * speechSampleRate * 2;

/**
 * Puts a session's sound on the media timeline, for whoever listens. What a restarted ffmpeg decodes again is told
 * once. Owned by the session's pipeline; the listener is not.
 */
export class PlacedSpeech {
  readonly #listener: SpeechListener;
  #offset: () => number | null = () => null;
  #early: MediaSample[] = [];
  #earlyBytes = 0;
  #heardSeconds: number;

  /** `heardSeconds`: what lies before it on the media timeline was heard already, in an earlier life of the server. */
  constructor(listener: SpeechListener, heardSeconds: number) {
    this.#listener = listener;
    this.#heardSeconds = heardSeconds;
  }

  /** Up to here, on the media timeline, sound is told. */
  get heardSeconds(): number {
    return this.#heardSeconds;
  }

  /** The sound that follows has another clock, or comes again. `offset`: media time less that clock, once it is known. */
  begin(offset: () => number | null): void {
    this.#offset = offset;
    this.#early = [];
    this.#earlyBytes = 0;
  }

  /** Takes PCM, signed 16 bit little-endian; its times are the stream's own, in samples. */
  push(sample: MediaSample): void {
    const offsetSeconds = this.#offset();
    if (offsetSeconds === null) {
      this.#keepEarly(sample);
      return;
    }
    this.settle();
    this.#tell(sample, offsetSeconds);
  }

  /** Tells what waited for its place, if that is known now. */
  settle(): void {
    const offsetSeconds = this.#offset();
    if (offsetSeconds === null) return;
    for (const early of this.#early.splice(0)) this.#tell(early, offsetSeconds);
    this.#earlyBytes = 0;
  }

  #keepEarly(sample: MediaSample): void {
    this.#early.push(sample);
    this.#earlyBytes += sample.data.length;
    while (this.#earlyBytes > longestWaitBytes) this.#earlyBytes -= this.#early.shift()?.data.length ?? 0;
  }

  #tell({ decodeTime, data }: MediaSample, offsetSeconds: number): void {
    const placedSeconds = decodeTime / speechSampleRate + offsetSeconds;
    const aheadSeconds = placedSeconds - this.#heardSeconds;
    const isNext = Math.abs(aheadSeconds) <= toleratedOffsetSeconds;
    const startSeconds = isNext ? this.#heardSeconds : placedSeconds;
    const heardSamples = isNext ? 0 : Math.max(0, Math.round(-aheadSeconds * speechSampleRate));
    const samples = (data.length >> 1) - heardSamples;
    if (samples <= 0) return;
    // A copy: the bytes are a view into what came from the pipe, and may begin at an odd address.
    const pcm = new Int16Array(samples);
    Buffer.from(pcm.buffer).set(data.subarray(2 * heardSamples, 2 * (heardSamples + samples)));
    const toldSeconds = startSeconds + heardSamples / speechSampleRate;
    this.#heardSeconds = toldSeconds + samples / speechSampleRate;
    this.#listener.push(toldSeconds, pcm);
  }
}
