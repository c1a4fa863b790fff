import type { PublisherState } from '../../client/publisher.ts';
import { megabytes } from '../elements/words.ts';

/** What the pill on top says; `isWrong` when it must be noticed. */
export type LiveWords = { readonly text: string; readonly isWrong: boolean };

/** What is known of a running publisher. */
export type LiveFacts = {
  readonly state: PublisherState;
  /** The end of the recording that is not safe yet, at most, lately: from the camera until the acknowledgement. */
  readonly unsafeSeconds: number;
  /** How long the oldest of what is kept has waited. */
  readonly waitingSeconds: number;
  readonly keptSeconds: number;
  readonly keptBytes: number;
  readonly safeBytes: number;
  readonly problem: string | undefined;
  readonly isStopping: boolean;
  /** Whether the connection was lost and what was kept meanwhile is on its way. */
  readonly isCatchingUp: boolean;
};

// Acknowledgements come every 500 ms; a line on which something waits this long is slower than the recording.
const slowSeconds = 4;

/** The true state of a recording in a few words. */
export function liveWords(facts: LiveFacts): LiveWords {
  const wrong = (text: string): LiveWords => ({ text, isWrong: true });
  const right = (text: string): LiveWords => ({ text, isWrong: false });
  const kept = `${Math.ceil(facts.keptSeconds)} s kept on this device`;
  if (facts.state === 'failed') return wrong('stopped');
  if (facts.state === 'ended') return right('everything is safe');
  if (facts.state === 'reconnecting') return wrong(`connection lost: ${kept}`);
  if (facts.problem !== undefined) return wrong(`no connection yet: ${kept}`);
  if (facts.state === 'connecting') return right('connecting');
  if (facts.isStopping) return right(`sending the last ${megabytes(facts.keptBytes)}`);
  if (facts.isCatchingUp) return wrong(`connected again, catching up: ${kept}`);
  if (facts.waitingSeconds > slowSeconds) return wrong(`slow connection: ${kept}`);
  if (facts.safeBytes === 0) return right('connected');
  return right(
    `live · ${megabytes(facts.safeBytes)} safe · last ${facts.unsafeSeconds.toFixed(1)} s on the way`,
  );
}
