/** A Fourier transform of one length, made once and used for frame after frame. */
export class Spectrum {
  readonly length: number;
  readonly #window: Float32Array;
  readonly #order: Uint16Array;
  readonly #cosines: Float32Array;
  readonly #sines: Float32Array;
  readonly #real: Float32Array;
  readonly #imaginary: Float32Array;

  /** `length`: a power of two. */
  constructor(length: number) {
    this.length = length;
    const bits = Math.log2(length);
    this.#window = Float32Array.from({ length }, (_, n) => 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / length));
    this.#order = Uint16Array.from({ length }, (_, n) => {
      let reversed = 0;
      for (let bit = 0; bit < bits; bit += 1) if (n & (1 << bit)) reversed |= 1 << (bits - 1 - bit);
      return reversed;
    });
    this.#cosines = Float32Array.from({ length: length / 2 }, (_, n) => Math.cos((2 * Math.PI * n) / length));
    this.#sines = Float32Array.from({ length: length / 2 }, (_, n) => -Math.sin((2 * Math.PI * n) / length));
    this.#real = new Float32Array(length);
    this.#imaginary = new Float32Array(length);
  }

  /** Writes the power of the frequencies 0 to length/2 - 1 of the samples, under a Hann window, into `powers`. */
  power(samples: Float32Array, powers: Float32Array): void {
    const { length } = this;
    const real = this.#real;
    const imaginary = this.#imaginary;
    for (let n = 0; n < length; n += 1) real[this.#order[n]!] = samples[n]! * this.#window[n]!;
    imaginary.fill(0);
    for (let half = 1; half < length; half *= 2) this.#combine(half);
    for (let n = 0; n < length / 2; n += 1) powers[n] = real[n]! ** 2 + imaginary[n]! ** 2;
  }

  /** One level of Cooley and Tukey: transforms of `half` values become ones of twice as many. */
  #combine(half: number): void {
    const { length } = this;
    const real = this.#real;
    const imaginary = this.#imaginary;
    const step = length / (2 * half);
    for (let begin = 0; begin < length; begin += 2 * half) {
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
