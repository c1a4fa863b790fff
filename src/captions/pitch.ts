import { detectorFrameSamples } from './speech-detector.ts';

/** The tone of a voice, if there is one. */
export type Pitch = {
  /** How much of the sound repeats with its period, 0 to 1. */
  readonly strength: number;
  /** Of the tone, Hz; 0 where nothing repeats. */
  readonly hertz: number;
};

// 16 kHz are four times as much as a voice's lower overtones need, and cost four times four.
const decimation = 4;
const rate = 16_000 / decimation;
const frameLength = detectorFrameSamples / decimation;
// 40 ms hold three periods of the deepest voice.
const windowLength = 2 * frameLength;
const lowestHertz = 70;
const highestHertz = 500;
// Tones above every voice are looked for too: whistles and high notes repeat at every multiple of their period.
const shortestLag = 4;
const longestLag = Math.ceil(rate / lowestHertz);
const filter = bandPass(200, 1_700, 48);

/** Follows the pitch of a stream of sound by its autocorrelation, between 200 and 1,700 Hz. */
export class PitchFollower {
  readonly #samples = new Float32Array(detectorFrameSamples + filter.length);
  readonly #window = new Float32Array(windowLength + longestLag + 1);
  readonly #likeness = new Float32Array(longestLag + 2);
  #last = 0;

  /** The pitch of the newest 40 ms; takes the next 20 ms, 16 kHz. */
  follow(frame: Int16Array): Pitch {
    this.#take(frame);
    const likeness = this.#likeness;
    let best = 0;
    for (let lag = shortestLag - 1; lag <= longestLag + 1; lag += 1) {
      likeness[lag] = this.#likenessAt(lag);
      if (lag >= shortestLag && lag <= longestLag && likeness[lag]! > likeness[best]!) best = lag;
    }
    if (best === 0) return { strength: 0, hertz: 0 };
    const strength = likeness[best]!;
    // Periods repeat at their multiples: the first peak that is nearly as high is the period itself.
    const first = this.#firstPeak(0.9 * strength) ?? best;
    const hertz = rate / (first + this.#offset(first));
    return { strength, hertz: hertz > highestHertz ? 0 : hertz };
  }

  reset(): void {
    this.#samples.fill(0);
    this.#window.fill(0);
    this.#last = 0;
  }

  /** Emphasises, filters and thins out the frame. */
  #take(frame: Int16Array): void {
    const samples = this.#samples;
    samples.copyWithin(0, detectorFrameSamples);
    for (let n = 0; n < detectorFrameSamples; n += 1) {
      const sample = frame[n]!;
      // Without the emphasis low rumble, which varies slowly, would look like a tone.
      samples[filter.length + n] = sample - 0.97 * this.#last;
      this.#last = sample;
    }
    const window = this.#window;
    window.copyWithin(0, frameLength);
    const begin = window.length - frameLength;
    for (let n = 0; n < frameLength; n += 1) {
      let sum = 0;
      for (let tap = 0; tap < filter.length; tap += 1) sum += filter[tap]! * samples[n * decimation + tap]!;
      window[begin + n] = sum;
    }
  }

  #likenessAt(lag: number): number {
    const window = this.#window;
    const begin = window.length - windowLength;
    let product = 0;
    let now = 0;
    let before = 0;
    for (let n = begin; n < window.length; n += 1) {
      const a = window[n]!;
      const b = window[n - lag]!;
      product += a * b;
      now += a * a;
      before += b * b;
    }
    return now === 0 || before === 0 ? 0 : product / Math.sqrt(now * before);
  }

  #firstPeak(threshold: number): number | null {
    const likeness = this.#likeness;
    for (let lag = shortestLag; lag <= longestLag; lag += 1) {
      const value = likeness[lag]!;
      if (value >= threshold && value >= likeness[lag - 1]! && value >= likeness[lag + 1]!) return lag;
    }
    return null;
  }

  /** Where the peak lies between samples, by the parabola through it and its neighbours. */
  #offset(lag: number): number {
    const [left, top, right] = [this.#likeness[lag - 1]!, this.#likeness[lag]!, this.#likeness[lag + 1]!];
    const bend = left - 2 * top + right;
    return bend === 0 ? 0 : Math.max(-0.5, Math.min(0.5, (left - right) / (2 * bend)));
  }
}

/** A windowed sinc filter at 16 kHz. */
function bandPass(lowHertz: number, highHertz: number, taps: number): Float32Array {
  const lowPass = (hertz: number, at: number) => {
    const x = at - (taps - 1) / 2;
    return x === 0 ? (2 * hertz) / 16_000 : Math.sin((2 * Math.PI * hertz * x) / 16_000) / (Math.PI * x);
  };
  return Float32Array.from({ length: taps }, (_, at) => {
    const hamming = 0.54 - 0.46 * Math.cos((2 * Math.PI * at) / (taps - 1));
    return hamming * (lowPass(highHertz, at) - lowPass(lowHertz, at));
  });
}
