import t from 'tap';
import { Spectrum } from '../../src/captions/spectrum.ts';
import { randomNumbers } from '../support/sounds.ts';

t.test('its powers are those of the sum that defines them', async t => {
  for (const length of [8, 64, 512]) {
    const random = randomNumbers(length);
    const samples = Float32Array.from({ length }, random);
    const powers = new Float32Array(length / 2);
    new Spectrum(length).power(samples, powers);
    for (let k = 0; k < length / 2; k += 1) {
      const wanted = powerAt(samples, k);
      if (Math.abs(powers[k]! - wanted) > 1e-3 * (1 + wanted))
        t.fail(`${length}: ${k} is ${powers[k]}, not ${wanted}`);
    }
    t.pass(`${length} samples`);
  }
});

function powerAt(samples: Float32Array, k: number): number {
  let real = 0;
  let imaginary = 0;
  for (const [n, sample] of samples.entries()) {
    const weighted = sample * (0.5 - 0.5 * Math.cos((2 * Math.PI * n) / samples.length));
    real += weighted * Math.cos((2 * Math.PI * k * n) / samples.length);
    imaginary -= weighted * Math.sin((2 * Math.PI * k * n) / samples.length);
  }
  return real ** 2 + imaginary ** 2;
}
