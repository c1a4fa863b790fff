import { setTimeout as delay } from 'node:timers/promises';
import type { CaptionSink } from '../../src/captions/caption-sink.ts';
import type { CaptionTrack } from '../../src/captions/caption-track.ts';
import type { Captioner } from '../../src/captions/captioner.ts';
import type { CommitmentPolicy } from '../../src/captions/policy/commitment-policy.ts';
import { LocalAgreement } from '../../src/captions/policy/local-agreement.ts';
import { speechSampleRate } from '../../src/captions/recogniser.ts';
import type { SpeechClip } from '../../test/support/speech.ts';
import { CommitmentWatcher } from './commitment-watcher.ts';

// As it comes out of a session's ffmpeg.
const pushSeconds = 0.1;

/** Clips one behind the other, with a second of silence after each. */
export function joined(clips: readonly SpeechClip[]): Omit<SpeechClip, 'file' | 'text'> {
  const silence = new Int16Array(speechSampleRate);
  const words: { text: string; start: number; end: number }[] = [];
  const pieces: number[] = [];
  for (const clip of clips) {
    const at = pieces.length / speechSampleRate;
    words.push(...clip.words.map(({ text, start, end }) => ({ text, start: start + at, end: end + at })));
    for (const samples of [clip.pcm, silence]) for (const sample of samples) pieces.push(sample);
  }
  return { pcm: Int16Array.from(pieces), words, durationSeconds: pieces.length / speechSampleRate };
}

/** A stream that is captioned at its own pace. */
export class LiveStream {
  readonly watcher = new CommitmentWatcher();
  readonly #track: CaptionTrack;
  readonly #begunAt = performance.now();
  #mostLagSeconds = 0;
  #isAlwaysOn = true;

  constructor(captioner: Captioner, id: string) {
    const sink: CaptionSink = {
      caption: () => undefined,
      settled: () => undefined,
      language: () => undefined,
      state: state => {
        if (state === 'paused') this.#isAlwaysOn = false;
      },
    };
    this.#track = captioner.open({ id, language: 'en', firstIndex: 0, sink, policy: this.#watched() });
  }

  /** The most that it was behind so far; endless when it was not captioned all the time. */
  get mostLagSeconds(): number {
    return this.#isAlwaysOn && this.#track.missedSeconds === 0
      ? this.#mostLagSeconds
      : Number.POSITIVE_INFINITY;
  }

  /** Says it all, as long as that takes; resolves when the last caption is final. */
  async say(pcm: Int16Array): Promise<void> {
    const step = pushSeconds * speechSampleRate;
    for (let at = 0; at < pcm.length; at += step) {
      const end = Math.min(pcm.length, at + step);
      await delay(Math.max(0, this.#begunAt + (end / speechSampleRate) * 1_000 - performance.now()));
      this.#track.push(at / speechSampleRate, pcm.slice(at, end));
      this.#mostLagSeconds = Math.max(this.#mostLagSeconds, this.#track.lagSeconds);
    }
    await this.#track.end();
  }

  /** The policy that every session has, looked at. */
  #watched(): CommitmentPolicy {
    const policy = new LocalAgreement();
    const watch = <T extends Parameters<CommitmentWatcher['told']>[0]>(commitment: T): T => {
      this.watcher.told(commitment, (performance.now() - this.#begunAt) / 1_000);
      return commitment;
    };
    return {
      get recent() {
        return policy.recent;
      },
      heard: hypothesis => watch(policy.heard(hypothesis)),
      finish: hypothesis => watch(policy.finish(hypothesis)),
    };
  }
}
