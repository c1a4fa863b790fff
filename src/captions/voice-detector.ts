import { LoudnessAboveNoise } from './loudness-above-noise.ts';
import { PitchFollower } from './pitch.ts';
import type { Heard, SpeechDetector } from './speech-detector.ts';

// As measured (docs/decisions/0011-who-speaks.md). A voice's tone glides all the time; a string's, a key's and a machine's stands
// still, then jumps; noise has none.
const voicedStrength = 0.5;
const leastGlide = 0.002;
const mostGlide = 0.08;
const glidingFrames = 2;
// This many frames of the last second that glide are somebody who speaks, unless as many stand still...
const provingFrames = 3;
const provedWithinFrames = 50;
const mostStillPerGlide = 0.7;
// ...who goes on for as long as there is one now and then: 1 s.
const goesOnFrames = 50;
const audibleDecibels = 1;

type Motion = 'none' | 'glides' | 'still';

/**
 * Hears voices by their tone: it is there for a good part of the time (pitch), it moves as no instrument's does, and it is
 * louder than what is always there. Costs 0.3 % of a core.
 */
export class VoiceDetector implements SpeechDetector {
  readonly #loudness = new LoudnessAboveNoise();
  readonly #pitch = new PitchFollower();
  // Of the last second.
  readonly #motions: Motion[] = new Array(provedWithinFrames).fill('none');
  readonly #counts = { none: provedWithinFrames, glides: 0, still: 0 };
  #frame = 0;
  #lastGlide = Number.NEGATIVE_INFINITY;
  #lastHertz = 0;
  #gliding = 0;

  hear(frame: Int16Array): Heard {
    const isAudible = this.#loudness.measure(frame) > audibleDecibels;
    const { strength, hertz } = this.#pitch.follow(frame);
    const motion = this.#motion(strength > voicedStrength ? hertz : 0);
    this.#remember(isAudible ? motion : 'none');
    const { glides, still } = this.#counts;
    if (glides >= provingFrames && still <= glides * mostStillPerGlide && this.#gliding >= glidingFrames) {
      this.#lastGlide = this.#frame;
    }
    if (!isAudible) return 'nothing';
    return this.#frame - this.#lastGlide <= goesOnFrames ? 'speech' : 'sound';
  }

  reset(): void {
    this.#loudness.reset();
    this.#pitch.reset();
    for (let n = 0; n < provedWithinFrames; n += 1) this.#remember('none');
    this.#lastGlide = Number.NEGATIVE_INFINITY;
    this.#lastHertz = 0;
    this.#gliding = 0;
  }

  /** What the tone does; 0 Hz: there is none. */
  #motion(hertz: number): Motion {
    const before = this.#lastHertz;
    this.#lastHertz = hertz;
    const glide = hertz > 0 && before > 0 ? Math.abs(Math.log(hertz / before)) : Number.POSITIVE_INFINITY;
    this.#gliding = glide > leastGlide && glide < mostGlide ? this.#gliding + 1 : 0;
    if (glide <= leastGlide) return 'still';
    return this.#gliding >= glidingFrames ? 'glides' : 'none';
  }

  #remember(motion: Motion): void {
    this.#frame += 1;
    const place = this.#frame % provedWithinFrames;
    this.#counts[this.#motions[place]!] -= 1;
    this.#motions[place] = motion;
    this.#counts[motion] += 1;
  }
}
