import { Spectrum } from './spectrum.ts';
import { detectorFrameSamples } from './speech-detector.ts';

const spectrumLength = 512;
// Where speech has most of its power, in bands as the ear has them, Hz.
const edgesHertz = [
  100, 200, 300, 400, 510, 630, 770, 920, 1_080, 1_270, 1_480, 1_720, 2_000, 2_320, 2_700, 3_150, 3_700,
  4_400,
];
const hertzPerBin = 16_000 / spectrumLength;
const edges = edgesHertz.map(hertz => Math.round(hertz / hertzPerBin));
const bands = edges.length - 1;
// The floor of a band is the least power of the last 2.4 s: nobody speaks that long without a gap in a band.
const subwindowFrames = 15;
const subwindows = 8;
// Powers of noise vary: their least lies this far below their mean.
const floorBiasDecibels = 5;
const smoothing = 0.5;
// Softer than any microphone's noise in a room where somebody speaks, about -66 dB of full scale.
const softestRootMeanSquare = 16;

/** How far sound is above the noise that is always there. */
export class LoudnessAboveNoise {
  readonly #spectrum = new Spectrum(spectrumLength);
  readonly #samples = new Float32Array(spectrumLength);
  readonly #powers = new Float32Array(spectrumLength / 2);
  readonly #smooth = new Float32Array(bands);
  readonly #floors = new Float32Array(bands);
  readonly #least: readonly Float32Array[] = Array.from({ length: subwindows }, () =>
    new Float32Array(bands).fill(Number.POSITIVE_INFINITY),
  );
  #frames = 0;

  /** Mean over the bands of speech, decibels; 0 for sound that is too soft to be heard. Takes the next 20 ms. */
  measure(frame: Int16Array): number {
    const samples = this.#samples;
    samples.copyWithin(0, detectorFrameSamples);
    samples.set(frame, spectrumLength - detectorFrameSamples);
    if (rootMeanSquare(frame) < softestRootMeanSquare) return 0;
    this.#spectrum.power(samples, this.#powers);
    let sum = 0;
    const isNew = this.#frames % subwindowFrames === 0;
    const least = this.#least[Math.floor(this.#frames / subwindowFrames) % subwindows]!;
    if (isNew) least.fill(Number.POSITIVE_INFINITY);
    for (let band = 0; band < bands; band += 1) {
      const power = this.#powerOf(band);
      const smooth = this.#frames === 0 ? power : smoothing * this.#smooth[band]! + (1 - smoothing) * power;
      this.#smooth[band] = smooth;
      if (smooth < least[band]!) least[band] = smooth;
      this.#floors[band] = isNew ? this.#leastOf(band) : Math.min(this.#floors[band]!, smooth);
      const decibels = 10 * Math.log10(smooth / this.#floors[band]!) - floorBiasDecibels;
      sum += Math.max(-floorBiasDecibels, Math.min(20, decibels));
    }
    this.#frames += 1;
    return sum / bands;
  }

  reset(): void {
    this.#samples.fill(0);
    for (const least of this.#least) least.fill(Number.POSITIVE_INFINITY);
    this.#frames = 0;
  }

  #powerOf(band: number): number {
    let sum = 1;
    for (let bin = edges[band]!; bin < edges[band + 1]!; bin += 1) sum += this.#powers[bin]!;
    return sum;
  }

  #leastOf(band: number): number {
    let least = Number.POSITIVE_INFINITY;
    for (const subwindow of this.#least) if (subwindow[band]! < least) least = subwindow[band]!;
    return least;
  }
}

function rootMeanSquare(frame: Int16Array): number {
  let sum = 0;
  for (let n = 0; n < frame.length; n += 1) sum += frame[n]! * frame[n]!;
  return Math.sqrt(sum / frame.length);
}
