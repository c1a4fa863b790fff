import { LivereelError } from '../errors.ts';
import type { Log } from '../log.ts';
import { CaptionRoom } from './caption-room.ts';
import type { CaptionedSpeech, Wish } from './captioned-speech.ts';
import { type Hypothesis, type Recogniser, type SpeechRequest, speechSampleRate } from './recogniser.ts';
import { RecogniserLoad } from './recogniser-load.ts';

export type CaptionSchedulerOptions = {
  readonly recogniser: Recogniser;
  readonly log: Log;
  /** How many requests the recogniser works on at once. */
  readonly slots: number;
  /** A request that takes longer has failed; the recogniser's own limits are shorter. */
  readonly timeLimitSeconds: number;
};

// So long after unheard speech began a request is worth it while the recogniser has time: fewer looks cost less, more are shown sooner
// (docs/decisions/0006)...
const shortestStepSeconds = 2.2;
// ...and when it has none: then partials are seldom, and finals are what is left.
const longestStepSeconds = 6;
/** Of the recogniser's time that partials and finals may take together. */
const usedShare = 0.8;
const lookMillis = 250;
const firstRestMillis = 200;
const longestRestMillis = 5_000;
/** While somebody speaks, what nobody waits for holds back this long: it takes the recogniser for seconds. */
const backgroundHoldsBackMillis = 20_000;
/** Background requests that may wait; who comes then is refused. */
const mostWaiting = 8;

type Background = {
  readonly sinceMillis: number;
  readonly request: SpeechRequest;
  readonly signal: AbortSignal;
  /** It waits no longer. */
  readonly begun: () => void;
  readonly resolve: (hypothesis: Hypothesis) => void;
  readonly reject: (reason: unknown) => void;
};

/**
 * Shares the recogniser among all sessions: who has said everything comes before who still speaks, who waits longest before
 * the others, and what nobody waits for last. Nothing is queued: a free slot asks the session whose turn it is
 * for its newest sound. When there is more to do than time, the step grows for all alike.
 */
export class CaptionScheduler {
  readonly load: RecogniserLoad;
  readonly #options: CaptionSchedulerOptions;
  readonly #room: CaptionRoom;
  readonly #sessions = new Set<CaptionedSpeech>();
  readonly #busy = new Set<CaptionedSpeech>();
  readonly #background: Background[] = [];
  readonly #running = new Set<Promise<void>>();
  readonly #closed = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #restUntilMillis = 0;
  #failuresInARow = 0;

  constructor(options: CaptionSchedulerOptions) {
    this.#options = options;
    this.load = new RecogniserLoad(options.slots);
    this.#room = new CaptionRoom(this.load, options.slots, options.log);
    this.#timer = setInterval(() => this.#look(), lookMillis);
    this.#timer.unref();
  }

  get sessions(): ReadonlySet<CaptionedSpeech> {
    return this.#sessions;
  }

  /** So much new sound is worth a request now, seconds. */
  get stepSeconds(): number {
    const neededSeconds =
      (this.#speakingSessions * this.load.requestSeconds) / (this.#options.slots * usedShare);
    return Math.min(longestStepSeconds, Math.max(shortestStepSeconds, neededSeconds));
  }

  get #speakingSessions(): number {
    let speaking = 0;
    for (const session of this.#sessions) if (!session.isPaused && session.isSpeaking) speaking += 1;
    return speaking;
  }

  add(session: CaptionedSpeech): void {
    this.#sessions.add(session);
  }

  remove(session: CaptionedSpeech): void {
    this.#sessions.delete(session);
  }

  /** Somebody may have something to ask: free slots look for it. */
  poke(): void {
    if (performance.now() < this.#restUntilMillis) return;
    while (!this.#closed.signal.aborted && this.#running.size < this.#options.slots) {
      const work = this.#nextSession() ?? this.#nextBackground();
      if (work === null) return;
      const running = work().finally(() => {
        this.#running.delete(running);
        this.poke();
      });
      this.#running.add(running);
    }
  }

  /**
   * For work that nobody waits for.
   * @throws LivereelError `recogniser-failed`, `captions-unavailable` when too much waits; the signal's reason.
   */
  transcribeInBackground(request: SpeechRequest, signal: AbortSignal): Promise<Hypothesis> {
    if (signal.aborted) return Promise.reject(signal.reason);
    if (this.#closed.signal.aborted) return Promise.reject(this.#closed.signal.reason);
    if (this.#background.length >= mostWaiting) {
      return Promise.reject(
        new LivereelError('captions-unavailable', `${mostWaiting} requests wait already. Try again later.`),
      );
    }
    return new Promise((resolve, reject) => {
      const giveUp = () => this.#drop(waiting);
      const sinceMillis = performance.now();
      const begun = () => signal.removeEventListener('abort', giveUp);
      const waiting: Background = { sinceMillis, request, signal, resolve, reject, begun };
      this.#background.push(waiting);
      signal.addEventListener('abort', giveUp, { once: true });
      this.poke();
    });
  }

  /** Ends what runs. Safe to call twice, never throws. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#closed.abort(new LivereelError('captions-unavailable', 'The server is stopping.'));
    for (const { reject } of this.#background.splice(0)) reject(this.#closed.signal.reason);
    await Promise.all(this.#running);
  }

  #look(): void {
    for (const session of this.#sessions) session.look();
    this.#room.balance([...this.#sessions], performance.now());
    this.poke();
  }

  #nextSession(): (() => Promise<void>) | null {
    const stepSeconds = this.stepSeconds;
    let next: CaptionedSpeech | null = null;
    let best: Wish | null = null;
    for (const session of this.#sessions) {
      if (session.isPaused || this.#busy.has(session)) continue;
      const wish = session.wish(stepSeconds);
      if (wish === null || (best !== null && !comesBefore(wish, best))) continue;
      best = wish;
      next = session;
    }
    if (next === null) return null;
    const session = next;
    return () => this.#hear(session);
  }

  async #hear(session: CaptionedSpeech): Promise<void> {
    this.#busy.add(session);
    try {
      const hypothesis = await this.#ask(session.take(), this.#closed.signal);
      this.#busy.delete(session);
      session.heard(hypothesis);
    } catch (error) {
      this.#busy.delete(session);
      if (!this.#closed.signal.aborted) session.failed(error);
    }
  }

  #nextBackground(): (() => Promise<void>) | null {
    const next = this.#background[0];
    if (next === undefined) return null;
    const isOld = performance.now() - next.sinceMillis > backgroundHoldsBackMillis;
    if (!isOld && this.#speakingSessions > 0) return null;
    this.#background.shift();
    next.begun();
    const { request, signal, resolve, reject } = next;
    return () => this.#ask(request, AbortSignal.any([signal, this.#closed.signal])).then(resolve, reject);
  }

  #drop(waiting: Background): void {
    const at = this.#background.indexOf(waiting);
    if (at === -1) return;
    this.#background.splice(at, 1);
    waiting.reject(waiting.signal.reason);
  }

  async #ask(request: SpeechRequest, signal: AbortSignal): Promise<Hypothesis> {
    const { recogniser, timeLimitSeconds } = this.#options;
    const over = this.load.begin(request.pcm.length / speechSampleRate);
    const limit = AbortSignal.timeout(Math.ceil(timeLimitSeconds * 1_000));
    try {
      const hypothesis = await within(AbortSignal.any([signal, limit]), until =>
        recogniser.transcribe(request, until),
      );
      this.#failuresInARow = 0;
      over(true);
      return hypothesis;
    } catch (error) {
      over(false);
      if (!signal.aborted) this.#rest();
      throw limit.aborted && !signal.aborted
        ? new LivereelError('recogniser-failed', `No answer within ${timeLimitSeconds} s.`, { cause: error })
        : error;
    }
  }

  /** A recogniser that failed gets a moment to come back, and a longer one each time. */
  #rest(): void {
    const millis = Math.min(longestRestMillis, firstRestMillis * 2 ** this.#failuresInARow);
    this.#failuresInARow += 1;
    this.#restUntilMillis = performance.now() + millis;
  }
}

function comesBefore(one: Wish, other: Wish): boolean {
  if (one.kind !== other.kind) return one.kind === 'final';
  return one.waitedSeconds > other.waitedSeconds;
}

/** What `work` resolves to, unless the signal comes first: a recogniser that ignores its signal holds up nothing. */
function within<T>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = () => reject(signal.reason);
    signal.addEventListener('abort', giveUp, { once: true });
    work(signal)
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', giveUp));
  });
}
