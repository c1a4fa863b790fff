/** A Fourier transform of one length, made once and used for frame after frame. */
export class Spectrum {
  readonly length: number;
  readonly #window: Float32Array;
  /** Where each of the pairs of samples goes. */
  readonly #order: Uint16Array;
  readonly #cosines: Float32Array;
  readonly #sines: Float32Array;
  readonly #real: Float32Array;
  readonly #imaginary: Float32Array;

  /** `length`: a power of two. */
  constructor(length: number) {
    this.length = length;
    const pairs = length / 2;
    const bits = Math.log2(pairs);
    this.#window = Float32Array.from({ length }, (_, n) => 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / length));
    this.#order = Uint16Array.from({ length: pairs }, (_, n) => {
      let reversed = 0;
      for (let bit = 0; bit < bits; bit += 1) if (n & (1 << bit)) reversed |= 1 << (bits - 1 - bit);
      return reversed;
    });
    this.#cosines = Float32Array.from({ length: pairs }, (_, n) => Math.cos((2 * Math.PI * n) / length));
    this.#sines = Float32Array.from({ length: pairs }, (_, n) => -Math.sin((2 * Math.PI * n) / length));
    this.#real = new Float32Array(pairs);
    this.#imaginary = new Float32Array(pairs);
  }

  /**
   * Writes the power of the frequencies 0 to length/2 - 1 of the samples, under a Hann window, into `powers`.
   * Pairs of real samples are transformed as complex ones, which is half the work.
   */
  power(samples: Float32Array, powers: Float32Array): void {
    const real = this.#real;
    const imaginary = this.#imaginary;
    const window = this.#window;
    const pairs = real.length;
    for (let n = 0; n < pairs; n += 1) {
      const place = this.#order[n]!;
      real[place] = samples[2 * n]! * window[2 * n]!;
      imaginary[place] = samples[2 * n + 1]! * window[2 * n + 1]!;
    }
    for (let half = 1; half < pairs; half *= 2) this.#combine(half);
    for (let k = 0; k < pairs; k += 1) {
      const mirrored = (pairs - k) % pairs;
      // The transforms of the even samples and of the odd ones, taken apart.
      const evenReal = (real[k]! + real[mirrored]!) / 2;
      const evenImaginary = (imaginary[k]! - imaginary[mirrored]!) / 2;
      const oddReal = (imaginary[k]! + imaginary[mirrored]!) / 2;
      const oddImaginary = (real[mirrored]! - real[k]!) / 2;
      const cosine = this.#cosines[k]!;
      const sine = this.#sines[k]!;
      powers[k] =
        (evenReal + oddReal * cosine - oddImaginary * sine) ** 2 +
        (evenImaginary + oddReal * sine + oddImaginary * cosine) ** 2;
    }
  }

  /** One level of Cooley and Tukey: transforms of `half` values become ones of twice as many. */
  #combine(half: number): void {
    const real = this.#real;
    const imaginary = this.#imaginary;
    const step = this.length / (2 * half);
    for (let begin = 0; begin < real.length; begin += 2 * half) {
      for (let n = 0; n < half; n += 1) {
        const low = begin + n;
        const high = low + half;
        const cosine = this.#cosines[n * step]!;
        const sine = this.#sines[n * step]!;
        const turnedReal = real[high]! * cosine - imaginary[high]! * sine;
        const turnedImaginary = real[high]! * sine + imaginary[high]! * cosine;
        real[high] = real[low]! - turnedReal;
        imaginary[high] = imaginary[low]! - turnedImaginary;
        real[low] = real[low]! + turnedReal;
        imaginary[low] = imaginary[low]! + turnedImaginary;
      }
    }
  }
}
