/**
 * Sounds that are not speech, and sounds put together: all 16 kHz mono, signed 16 bit, the same each time.
 * Made here and not kept as files, so that a test says in one line what it hears.
 */
const rate = 16_000;

/** Numbers of [-1, 1) that look random and are the same each time (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), 1 | state);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 31 - 1;
  };
}

/** Samples of a function of time in seconds, its values in [-1, 1]. */
export function sound(seconds: number, valueAt: (seconds: number) => number): Int16Array {
  return Int16Array.from({ length: Math.round(seconds * rate) }, (_, index) => {
    return Math.max(-1, Math.min(1, valueAt(index / rate))) * 32_767;
  });
}

export function silence(seconds: number): Int16Array {
  return new Int16Array(Math.round(seconds * rate));
}

/** Noise of a colour; `level` is its root mean square, of full scale. */
export function noise(
  colour: 'white' | 'pink' | 'brown',
  seconds: number,
  level: number,
  seed = 1,
): Int16Array {
  const random = randomNumbers(seed);
  let [slow, middle, quick, walked] = [0, 0, 0, 0] as [number, number, number, number];
  // Pink: Paul Kellet's economy filter. Brown: a leaky integrator.
  const next = {
    white: () => random(),
    pink: () => {
      const white = random();
      slow = 0.99765 * slow + white * 0.099046;
      middle = 0.963 * middle + white * 0.2965164;
      quick = 0.57 * quick + white * 1.0526913;
      return slow + middle + quick + white * 0.1848;
    },
    brown: () => {
      walked = 0.995 * walked + random() * 0.05;
      return walked;
    },
  }[colour];
  const samples = Float64Array.from({ length: Math.round(seconds * rate) }, next);
  const scale = level / rootMeanSquare(samples);
  return Int16Array.from(samples, sample => Math.max(-1, Math.min(1, sample * scale)) * 32_767);
}

/** Mains: 50 Hz and its overtones. */
export function hum(seconds: number, level = 0.1): Int16Array {
  return sound(seconds, t => {
    return [1, 2, 3, 5, 7].reduce((sum, n) => sum + (level / n) * Math.sin(2 * Math.PI * 50 * n * t), 0);
  });
}

/** A mouse, a keyboard: short bursts at uneven times. */
export function clicks(seconds: number, perSecond: number, level = 0.5, seed = 2): Int16Array {
  const random = randomNumbers(seed);
  const samples = new Float64Array(Math.round(seconds * rate));
  let at = 0;
  while (at < samples.length) {
    at += Math.round((rate / perSecond) * (1 + 0.8 * random()));
    const frequency = 2_500 + 1_500 * random();
    for (let n = 0; n < 160 && at + n < samples.length; n += 1) {
      const body = Math.sin((2 * Math.PI * frequency * n) / rate) + 0.5 * random();
      samples[at + n] = level * Math.exp(-n / 30) * body;
    }
  }
  return Int16Array.from(samples, sample => Math.max(-1, Math.min(1, sample)) * 32_767);
}

/** Chords of four tones with overtones, one every two seconds, as an organ or a pad plays them. */
export function chords(seconds: number, level = 0.2): Int16Array {
  const progression = [
    [220, 261.6, 329.6, 440],
    [174.6, 220, 261.6, 349.2],
    [196, 246.9, 293.7, 392],
    [164.8, 196, 246.9, 329.6],
  ];
  return sound(seconds, t => {
    const tones = progression[Math.floor(t / 2) % progression.length]!;
    const attack = Math.min(1, (t % 2) / 0.05);
    return tones.reduce((sum, tone) => sum + (level / tones.length) * attack * rich(tone * t, 6), 0);
  });
}

/** A plucked tune in eighths at 120 a minute: single notes that decay, as of a piano or guitar. */
export function melody(seconds: number, level = 0.3): Int16Array {
  const scale = [261.6, 293.7, 329.6, 392, 440, 523.3, 440, 329.6, 293.7, 392];
  return sound(seconds, t => {
    const note = Math.floor(t / 0.25);
    const since = t - note * 0.25;
    const tone = scale[(note * 7) % scale.length]!;
    return level * Math.min(1, since / 0.005) * Math.exp(-since * 6) * rich(tone * t, 8);
  });
}

/** Kick, snare and hi-hat at 120 beats a minute. */
export function drums(seconds: number, level = 0.5, seed = 3): Int16Array {
  const random = randomNumbers(seed);
  return sound(seconds, t => {
    const beat = Math.floor(t / 0.5);
    const sinceBeat = t % 0.5;
    const sinceHalf = t % 0.25;
    const kick = Math.sin(2 * Math.PI * (50 + 60 * Math.exp(-sinceBeat * 30)) * sinceBeat);
    const hit = beat % 2 === 0 ? kick * Math.exp(-sinceBeat * 12) : random() * Math.exp(-sinceBeat * 18);
    return level * (hit + 0.3 * random() * Math.exp(-sinceHalf * 60));
  });
}

/** Sounds over each other; as long as the longest. */
export function mixed(...parts: readonly Int16Array[]): Int16Array {
  const samples = new Int16Array(Math.max(...parts.map(({ length }) => length)));
  for (let at = 0; at < samples.length; at += 1) {
    const sum = parts.reduce((all, part) => all + (part[at] ?? 0), 0);
    samples[at] = Math.max(-32_768, Math.min(32_767, sum));
  }
  return samples;
}

/** Sounds one after the other. */
export function joined(...parts: readonly Int16Array[]): Int16Array {
  const samples = new Int16Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    samples.set(part, at);
    at += part.length;
  }
  return samples;
}

/** Louder or softer. */
export function scaled(samples: Int16Array, factor: number): Int16Array {
  return samples.map(sample => Math.max(-32_768, Math.min(32_767, sample * factor)));
}

/** Root mean square, of full scale for 16-bit samples when `fullScale` is 32768. */
export function rootMeanSquare(samples: ArrayLike<number>, fullScale = 1): number {
  let sum = 0;
  for (let at = 0; at < samples.length; at += 1) sum += (samples[at]! / fullScale) ** 2;
  return Math.sqrt(sum / Math.max(1, samples.length));
}

function rich(phase: number, overtones: number): number {
  let sum = 0;
  for (let n = 1; n <= overtones; n += 1) sum += Math.sin(2 * Math.PI * phase * n) / n;
  return sum / 2;
}
