import { type TrimSettings, trimmedStart } from '../../src/captions/policy/buffer-trimming.ts';
import { credibleWords, type Stretch } from '../../src/captions/policy/credible-words.ts';
import { type AgreementSettings, LocalAgreement } from '../../src/captions/policy/local-agreement.ts';
import { promptBefore } from '../../src/captions/policy/prompt.ts';
import type { HeardSegment } from '../../src/captions/recogniser.ts';
import { plainWords, type SpeechClip } from '../../test/support/speech.ts';
import { CommitmentWatcher, type Watched } from './commitment-watcher.ts';
import { aligned } from './edit-distance.ts';

/** What is tuned. */
export type ReplaySettings = {
  readonly agreement: AgreementSettings;
  readonly trimming: TrimSettings;
  /** New sound between two looks. */
  readonly stepSeconds: number;
  /** Whether the recogniser is told the words before. */
  readonly isPrompted: boolean;
};

/** A part of a clip as it was heard, and the processor time that it took. */
export type HeardPart = { readonly segments: readonly HeardSegment[]; readonly cpuSeconds: number };

/** Hears a stretch of a clip. */
export type PartHearer = (
  clip: SpeechClip,
  part: Stretch & { readonly prompt: string; readonly isFullContext: boolean },
) => Promise<HeardPart>;

/** What came of a clip. */
export type Replayed = Watched & { readonly cpuSeconds: number; readonly requests: number };

// What the detector does: it adds a little sound on both sides of speech, and hears its end when this much is silent.
const paddingSeconds = 0.3;
const hangoverSeconds = 0.45;
const pauseSeconds = 0.6;

/**
 * Plays a clip to the policy as if it were said now, without waiting: time is the clip's own, and a request takes the processor
 * time that it takes. Utterances are those of the reference, so that detectors make no difference.
 */
export async function replay(
  clip: SpeechClip,
  settings: ReplaySettings,
  hear: PartHearer,
): Promise<Replayed> {
  const policy = new LocalAgreement(settings.agreement);
  const watcher = new CommitmentWatcher();
  const speech = utterancesOf(clip);
  let cpuSeconds = 0;
  let requests = 0;
  let freeAt = 0;
  for (const utterance of speech) {
    let startSeconds = utterance.startSeconds;
    const heardUntil = async (endSeconds: number, atSeconds: number) => {
      const prompt = settings.isPrompted ? promptBefore(policy.recent, startSeconds) : '';
      const heard = await hear(clip, { startSeconds, endSeconds, prompt, isFullContext: false });
      cpuSeconds += heard.cpuSeconds;
      requests += 1;
      freeAt = Math.max(freeAt, atSeconds) + heard.cpuSeconds;
      const words = credibleWords(heard.segments, { startSeconds, endSeconds, speech: [utterance] });
      return { startSeconds, endSeconds, words };
    };
    const overSeconds = Math.min(
      clip.durationSeconds,
      utterance.endSeconds - paddingSeconds + hangoverSeconds,
    );
    for (let at = startSeconds + settings.stepSeconds; at < utterance.endSeconds - paddingSeconds; ) {
      watcher.told(policy.heard(await heardUntil(at, at)), freeAt);
      startSeconds = trimmed(policy, { startSeconds, endSeconds: at }, settings.trimming);
      at = Math.max(at + settings.stepSeconds, freeAt);
    }
    watcher.told(policy.finish(await heardUntil(utterance.endSeconds, overSeconds)), freeAt);
  }
  return { ...watcher.result(clip.words), cpuSeconds, requests };
}

function trimmed(policy: LocalAgreement, buffer: Stretch, trimming: TrimSettings): number {
  return trimmedStart({ ...buffer, committed: policy.recent }, trimming) ?? buffer.startSeconds;
}

/** Where somebody speaks in the clip, with some sound around it. */
export function utterancesOf({ words, durationSeconds }: SpeechClip): Stretch[] {
  const utterances: { startSeconds: number; endSeconds: number }[] = [];
  for (const { start, end } of words) {
    const last = utterances.at(-1);
    const startSeconds = Math.max(0, start - paddingSeconds);
    const endSeconds = Math.min(durationSeconds, end + paddingSeconds);
    if (last !== undefined && start - last.endSeconds < pauseSeconds - paddingSeconds)
      last.endSeconds = endSeconds;
    else utterances.push({ startSeconds, endSeconds });
  }
  return utterances;
}

/** What one pass over a clip that is over costs, and its errors: as much in each request as one may hold, cut in pauses. */
export async function oneShot(
  clip: SpeechClip,
  longestSeconds: number,
  hear: PartHearer,
): Promise<{ words: number; errors: number; cpuSeconds: number }> {
  const texts: string[] = [];
  let cpuSeconds = 0;
  for (const { startSeconds, endSeconds } of packed(utterancesOf(clip), longestSeconds)) {
    const heard = await hear(clip, { startSeconds, endSeconds, prompt: '', isFullContext: true });
    cpuSeconds += heard.cpuSeconds;
    const speech = [{ startSeconds, endSeconds }];
    const words = credibleWords(heard.segments, { startSeconds, endSeconds, speech });
    texts.push(...words.flatMap(word => plainWords(word.text)));
  }
  const said = clip.words.flatMap(word => plainWords(word.text));
  return { words: said.length, errors: aligned(said, texts).errors, cpuSeconds };
}

/** Utterances joined to stretches as long as may be. */
function packed(utterances: readonly Stretch[], longestSeconds: number): Stretch[] {
  const stretches: Stretch[] = [];
  for (const { startSeconds, endSeconds } of utterances) {
    const last = stretches.at(-1);
    if (last !== undefined && endSeconds - last.startSeconds <= longestSeconds) {
      stretches[stretches.length - 1] = { startSeconds: last.startSeconds, endSeconds };
    } else stretches.push({ startSeconds, endSeconds });
  }
  return stretches;
}
