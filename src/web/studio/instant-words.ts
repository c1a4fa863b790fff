import type { SendingStats } from '../../client/media-stats.ts';
import type { PublisherState } from '../../client/publisher.ts';
import type { LiveWords } from './live-words.ts';

/** What is known of a running publisher by WebRTC. */
export type InstantFacts = {
  readonly state: PublisherState;
  readonly problem: string | undefined;
  readonly stats: SendingStats;
  /** Lines of the camera's picture. */
  readonly wantedHeight: number;
  /** For how long something has kept the picture from being better. */
  readonly limitedSeconds: number;
  readonly isStopping: boolean;
};

// Every connection begins narrow, until the browser has found out what it carries.
const patienceSeconds = 8;
const smallerFactor = 0.75;
const slowFramesPerSecond = 12;

/** The true state of an instant recording in a few words. */
export function instantWords(facts: InstantFacts): LiveWords {
  const wrong = (text: string): LiveWords => ({ text, isWrong: true });
  const right = (text: string): LiveWords => ({ text, isWrong: false });
  const { state, stats } = facts;
  if (state === 'failed') return wrong('stopped');
  if (state === 'ended') return right('everything is safe');
  if (facts.isStopping) return right('ending');
  if (state === 'reconnecting') return wrong('connection lost: nothing is sent until it is back');
  if (state === 'connecting') return facts.problem === undefined ? right('connecting') : wrong(facts.problem);
  if (stats.bitsPerSecond === 0) return right('connected');
  const reduced = reducedWords(facts);
  if (reduced !== undefined) return wrong(reduced);
  const megabits = (stats.bitsPerSecond / 1_000_000).toFixed(1);
  return right(`live · instant · ${megabits} Mbit/s · ${wayWords(stats.roundTripSeconds)}`);
}

function reducedWords({ stats, wantedHeight, limitedSeconds }: InstantFacts): string | undefined {
  const isSmaller = stats.height > 0 && stats.height < wantedHeight * smallerFactor;
  const isSlower = stats.framesPerSecond > 0 && stats.framesPerSecond < slowFramesPerSecond;
  if (limitedSeconds < patienceSeconds || !(isSmaller || isSlower)) return undefined;
  const reason = stats.limitedBy === 'cpu' ? 'this device is busy' : 'slow connection';
  if (isSmaller) return `${reason}: the picture is reduced to ${stats.height}p`;
  return `${reason}: ${Math.round(stats.framesPerSecond)} pictures a second`;
}

function wayWords(roundTripSeconds: number): string {
  const millis = Math.max(1, Math.round((1_000 * roundTripSeconds) / 2));
  return `${millis} ms to the server`;
}
