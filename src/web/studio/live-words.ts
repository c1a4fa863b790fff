import type { PublisherState } from '../../client/publisher.ts';
import { megabytes } from '../elements/words.ts';

/** What the pill on top says; `isWrong` when it must be noticed. */
export type LiveWords = { readonly text: string; readonly isWrong: boolean };

/** What is known of a running publisher. */
export type LiveFacts = {
  readonly state: PublisherState;
  readonly keptSeconds: number;
  readonly keptBytes: number;
  readonly safeBytes: number;
  readonly problem: string | undefined;
  readonly isStopping: boolean;
};

// Acknowledgements come every 500 ms; a line that is this far behind is slower than the recording.
const behindNoticedSeconds = 4;

/** The true state of a recording in a few words. */
export function liveWords(facts: LiveFacts): LiveWords {
  const kept = `${Math.ceil(facts.keptSeconds)} s kept on this device`;
  if (facts.state === 'failed') return { text: 'stopped', isWrong: true };
  if (facts.state === 'ended') return { text: 'everything is safe', isWrong: false };
  if (facts.state === 'reconnecting') return { text: `connection lost: ${kept}`, isWrong: true };
  if (facts.problem !== undefined) return { text: `no connection yet: ${kept}`, isWrong: true };
  if (facts.state === 'connecting') return { text: 'connecting', isWrong: false };
  if (facts.isStopping) return { text: `sending the last ${megabytes(facts.keptBytes)}`, isWrong: false };
  if (facts.keptSeconds > behindNoticedSeconds) {
    return { text: `slow connection: ${kept}`, isWrong: true };
  }
  const behind = Math.max(0.1, facts.keptSeconds).toFixed(1);
  return { text: `live · ${behind} s behind · ${megabytes(facts.safeBytes)} safe`, isWrong: false };
}
