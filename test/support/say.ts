import { setTimeout as delay } from 'node:timers/promises';
import { speechSampleRate } from '../../src/captions/recogniser.ts';

const pieceSeconds = 0.1;

/** Where sound goes: a `CaptionTrack`, mostly. */
export interface Listener {
  push(startSeconds: number, pcm: Int16Array): void;
}

/**
 * Pushes sound in pieces of 0.1 s, as a pipeline does; `pace`: how many times as fast as it was said. On a machine that is busy
 * it never catches up at once: the sound comes later then. Returns where it ends, seconds.
 */
export async function say(
  listener: Listener,
  pcm: Int16Array,
  { startSeconds = 0, pace = 1 }: { startSeconds?: number; pace?: number } = {},
): Promise<number> {
  const samples = pieceSeconds * speechSampleRate;
  for (let at = 0; at < pcm.length; at += samples) {
    listener.push(startSeconds + at / speechSampleRate, pcm.slice(at, at + samples));
    await delay((1_000 * pieceSeconds) / pace);
  }
  return startSeconds + pcm.length / speechSampleRate;
}
