import { LivereelError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { CaptioningState, CaptionSink } from './caption-sink.ts';
import { CaptionText } from './caption-text.ts';
import type { CaptionedSpeech, Wish } from './captioned-speech.ts';
import { HeardLanguage } from './heard-language.ts';
import { LagReport } from './lag-report.ts';
import { LostWords } from './lost-words.ts';
import type { CommitmentPolicy } from './policy/commitment-policy.ts';
import type { Hypothesis, SpeechRequest } from './recogniser.ts';
import { speechSampleRate } from './recogniser.ts';
import type { SpeechListener } from './speech-listener.ts';
import type { Utterance } from './utterance.ts';
import { longestLookBackSeconds, UtteranceFinder } from './utterance-finder.ts';
import { VoiceDetector } from './voice-detector.ts';

/** What a track is built from; opened by `Captioner.open`. */
export type CaptionTrackParts = {
  readonly language: string | null;
  readonly firstIndex: number;
  readonly sink: CaptionSink;
  /** How words are settled; undefined: LocalAgreement. */
  readonly policy?: CommitmentPolicy | undefined;
  readonly log: Log;
  /** Something is to be heard, perhaps. */
  readonly onSpeech: () => void;
  /** It was ended or closed: nobody needs to look after it any more. */
  readonly onOver: () => void;
};

/** What is said is told within this time, or never. */
export const lagBoundSeconds = 10;
/** Shorter beginnings are only guessed at. */
const shortestRequestSeconds = 1;
/** What the recogniser has heard this far beyond the last speech, it has heard to the end. */
const toTheEndSeconds = 0.2;
const triesPerUtterance = 2;
/** After so many utterances in a row that it failed to hear, the recogniser is away: viewers are told as of a pause. */
const lostUntilAway = 2;

type Asked = {
  readonly utterance: Utterance;
  readonly startSeconds: number;
  readonly endSeconds: number;
  readonly newSeconds: number;
};

/**
 * Captions one session: sound in at its media times, captions out to its sink. Somebody's utterance is heard again and
 * again while it grows, and once more when it is over. Memory is bounded: at most 12 s of an utterance, and
 * utterances of the last 10 s that wait to be heard.
 */
export class CaptionTrack implements SpeechListener, CaptionedSpeech {
  readonly #parts: CaptionTrackParts;
  readonly #finder: UtteranceFinder;
  readonly #text: CaptionText;
  readonly #report: LagReport;
  readonly #language: HeardLanguage;
  readonly #lost: LostWords;
  /** Over, and to be heard for the last time; the oldest first. */
  #waiting: Utterance[] = [];
  #asked: Asked | null = null;
  #isPaused = false;
  #isEnding = false;
  #isClosed = false;
  #settledSeconds = 0;
  #lostInARow = 0;
  #pushedAtMillis = 0;
  readonly #over: Promise<void>;
  #resolveOver: () => void = () => undefined;

  constructor(parts: CaptionTrackParts) {
    this.#parts = parts;
    this.#text = new CaptionText(parts.sink, parts.firstIndex, parts.policy);
    this.#report = new LagReport(parts.sink);
    this.#language = new HeardLanguage(parts.language);
    this.#lost = new LostWords(parts.log);
    this.#finder = new UtteranceFinder(new VoiceDetector(), {
      began: () => undefined,
      ended: utterance => this.#waiting.push(utterance),
    });
    this.#over = new Promise(resolve => {
      this.#resolveOver = resolve;
    });
  }

  get state(): CaptioningState {
    return this.#report.state;
  }

  /** Of speech that was never told, or not to its end: too late, or the recogniser failed. What is said in a pause is not counted. */
  get missedSeconds(): number {
    return this.#lost.seconds;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Somebody speaks, or spoke, and is still to be heard. */
  get isSpeaking(): boolean {
    return this.#head !== null;
  }

  push(startSeconds: number, pcm: Int16Array): void {
    if (this.#isEnding || this.#isClosed || pcm.length === 0) return;
    if (this.#isPaused) {
      this.#settle(startSeconds + pcm.length / speechSampleRate);
      return;
    }
    this.#pushedAtMillis = performance.now();
    this.#safely(() => {
      this.#finder.push(startSeconds, pcm);
      this.#letGoOfOld();
      this.#settleNow();
      if (this.#head !== null) this.#parts.onSpeech();
    });
  }

  /** The language is known better now (BCP-47 primary language): what is said from here on is heard in it. */
  setLanguage(language: string): void {
    this.#language.correct(language);
    this.#parts.sink.language(language);
  }

  end(): Promise<void> {
    if (!this.#isEnding && !this.#isClosed) {
      this.#isEnding = true;
      this.#safely(() => {
        this.#finder.end();
        this.#settleNow();
        this.#parts.onSpeech();
      });
      this.#finishIfDone();
    }
    return this.#over;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#waiting = [];
    this.#parts.onOver();
    this.#resolveOver();
  }

  wish(stepSeconds: number): Wish | null {
    const head = this.#head;
    if (this.#asked !== null || head === null) return null;
    if (head.isOver) return { kind: 'final', waitedSeconds: (performance.now() - head.overAtMillis) / 1_000 };
    const newSeconds = head.endSeconds - (head.unheardSeconds ?? head.endSeconds);
    const isWorthIt = newSeconds >= stepSeconds && head.lengthSeconds >= shortestRequestSeconds;
    // Who pauses has perhaps said everything: in a moment that is known.
    if (!isWorthIt || this.#finder.isPausing) return null;
    return { kind: 'partial', waitedSeconds: newSeconds - stepSeconds };
  }

  take(): SpeechRequest {
    const utterance = this.#head!;
    const { startSeconds, endSeconds } = utterance;
    this.#asked = { utterance, startSeconds, endSeconds, newSeconds: endSeconds - utterance.decodedSeconds };
    return {
      pcm: utterance.sound(),
      language: this.#language.kept,
      prompt: this.#text.promptBefore(startSeconds),
      isFullContext: false,
      isPartial: !utterance.isOver,
    };
  }

  heard(hypothesis: Hypothesis): void {
    const asked = this.#answered();
    if (asked === null) return;
    this.#lostInARow = 0;
    asked.utterance.failures = 0;
    asked.utterance.decoded(asked.endSeconds);
    const isDone = this.#safely(() => this.#take(asked, hypothesis));
    // Words that cannot be told must not be asked for again and again.
    if (!isDone) this.#letGo(asked.utterance);
    this.#finishIfDone();
  }

  failed(error: unknown): void {
    const asked = this.#answered();
    if (asked === null) return;
    const { utterance } = asked;
    utterance.failures += 1;
    if (utterance.failures < triesPerUtterance) return;
    // One that is not there yet is told of as such by whoever makes it ready.
    if (!isUnavailable(error)) this.#lostInARow += 1;
    this.#giveUp(utterance, 'words lost: the recogniser failed twice', { err: error });
    this.#safely(() => this.#settleNow());
    this.#finishIfDone();
  }

  get lagSeconds(): number {
    const head = this.#head;
    if (head === null) return 0;
    const heardSeconds = this.#finder.heardSeconds;
    // Who has said everything is waited for until the last word on it, also when all of it was heard once.
    const sinceSeconds = head.unheardSeconds ?? (head.isOver ? head.endSeconds : heardSeconds);
    // Sound stops coming when the session ends, and time goes on.
    const silentSeconds = this.#waiting.length > 0 ? (performance.now() - this.#pushedAtMillis) / 1_000 : 0;
    return Math.max(0, heardSeconds - sinceSeconds + silentSeconds);
  }

  pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#asked = null;
    this.#finder.end();
    while (this.#head !== null) this.#giveUp(this.#head, 'words lost: paused, for there is no room', {});
    this.#settle(this.#finder.heardSeconds);
    this.look();
  }

  resume(): void {
    this.#isPaused = false;
    this.look();
  }

  look(): void {
    if (this.#isClosed) return;
    this.#letGoOfOld();
    const isAway = this.#isPaused || this.#lostInARow >= lostUntilAway;
    this.#safely(() => this.#report.look(this.lagSeconds, isAway, performance.now()));
    this.#finishIfDone();
  }

  /** What is to be heard next. */
  get #head(): Utterance | null {
    return this.#waiting[0] ?? this.#finder.utterance;
  }

  /** What the answer belongs to; null when nobody waits for it any more. */
  #answered(): Asked | null {
    const asked = this.#asked;
    this.#asked = null;
    return this.#isClosed ? null : asked;
  }

  #take(
    { utterance, startSeconds, endSeconds, newSeconds }: Asked,
    { language, segments }: Hypothesis,
  ): void {
    if (this.#language.heard(language, newSeconds)) this.#parts.sink.language(this.#language.kept!);
    const sound = { startSeconds, endSeconds, speech: utterance.speech };
    const spokenUntil = utterance.speech.at(-1)?.endSeconds ?? utterance.endSeconds;
    const isWhole = endSeconds >= Math.min(utterance.endSeconds, spokenUntil + toTheEndSeconds);
    if (utterance.isOver && isWhole) {
      this.#text.finish(segments, sound);
      this.#waiting.shift();
    } else {
      const neededFrom = this.#text.heard(segments, sound);
      if (neededFrom !== null) utterance.trim(neededFrom);
    }
    this.#settleNow();
  }

  /** Nothing is told later than the bound: what waits longer makes room for what is said now. */
  #letGoOfOld(): void {
    while (this.#head !== null && this.lagSeconds > lagBoundSeconds) {
      const head = this.#head;
      if (this.#asked?.utterance === head) this.#asked = null;
      this.#giveUp(head, 'words lost: too late to be told', { lagSeconds: this.lagSeconds });
    }
  }

  /** What was heard of the utterance is all that is told of it; if somebody goes on speaking, what follows is heard. */
  #giveUp(utterance: Utterance, why: string, facts: Record<string, unknown>): void {
    this.#lost.add(utterance.endSeconds - utterance.decodedSeconds, why, facts);
    this.#safely(() => this.#text.giveUp());
    this.#letGo(utterance);
  }

  /** Its sound is not needed any more. */
  #letGo(utterance: Utterance): void {
    utterance.failures = 0;
    if (!utterance.isOver) utterance.trim(utterance.endSeconds);
    else if (this.#waiting[0] === utterance) this.#waiting.shift();
  }

  /** Whatever is wrong with captions, the stream goes on. False when it threw. */
  #safely(work: () => void): boolean {
    try {
      work();
      return true;
    } catch (error) {
      this.#parts.log.error({ err: error }, 'captions failed');
      return false;
    }
  }

  /** Before the words that are still to be heard everything is final; where nobody speaks, nearly up to now. */
  #settleNow(): void {
    const head = this.#head;
    const quietSeconds = this.#finder.heardSeconds - (this.#isEnding ? 0 : longestLookBackSeconds);
    this.#settle(head === null ? quietSeconds : Math.min(head.firstSeconds, quietSeconds));
    this.#settle(this.#text.finalSeconds);
  }

  #settle(seconds: number): void {
    if (seconds <= this.#settledSeconds) return;
    this.#settledSeconds = seconds;
    this.#parts.sink.settled(seconds);
  }

  #finishIfDone(): void {
    if (!this.#isEnding || this.#isClosed || this.#head !== null) return;
    void this.close();
  }
}

function isUnavailable(error: unknown): boolean {
  return error instanceof LivereelError && error.code === 'captions-unavailable';
}
