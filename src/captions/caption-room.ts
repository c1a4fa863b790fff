import type { Log } from '../log.ts';
import type { CaptionedSpeech } from './captioned-speech.ts';
import type { RecogniserLoad } from './recogniser-load.ts';

// Who is later than this is too late before long, unless others make room.
const crowdedLagSeconds = 6;
const crowdedShare = 0.85;
/** What a pause of others gains is seen after this time. */
const settlingMillis = 3_000;
/** Of the recogniser's time: what finals may take when sessions are paused for them. */
const finalsShare = 0.9;
/** A session comes back when it would leave so much of the recogniser's time free. */
const roomyShare = 0.7;
const roomyLagSeconds = 3;
const firstReturnMillis = 5_000;
const longestReturnMillis = 120_000;
/** Who was paused again within this time came back too early. */
const tooEarlyMillis = 30_000;

/**
 * Decides how many sessions there is room for. When even the finals of all that speak are too much, the newest are paused:
 * those who came first keep what they have. They come back one by one, the oldest first, and later when it was too early.
 */
export class CaptionRoom {
  readonly #load: RecogniserLoad;
  readonly #slots: number;
  readonly #log: Log;
  #changedAt = Number.NEGATIVE_INFINITY;
  #returnedAt = Number.NEGATIVE_INFINITY;
  #returnMillis = firstReturnMillis;

  constructor(load: RecogniserLoad, slots: number, log: Log) {
    this.#load = load;
    this.#slots = slots;
    this.#log = log;
  }

  /** `sessions`: the oldest first. */
  balance(sessions: readonly CaptionedSpeech[], nowMillis: number): void {
    const active = sessions.filter(session => !session.isPaused);
    const lagSeconds = Math.max(0, ...active.map(session => session.lagSeconds));
    const busyShare = this.#load.busyShare(nowMillis);
    if (lagSeconds > crowdedLagSeconds && busyShare > crowdedShare) this.#makeRoom(active, nowMillis);
    else if (lagSeconds < roomyLagSeconds) this.#useRoom(sessions, active.length, busyShare, nowMillis);
  }

  #makeRoom(active: readonly CaptionedSpeech[], nowMillis: number): void {
    if (nowMillis - this.#changedAt < settlingMillis) return;
    const speaking = active.filter(session => session.isSpeaking);
    const factor = this.#load.realTimeFactor;
    // Every second of speech is heard once at least: so many can speak at a time.
    const room = factor > 0 ? Math.floor((finalsShare * this.#slots) / factor) : 1;
    const paused = speaking.slice(Math.min(room, speaking.length - 1));
    if (paused.length === 0) return;
    for (const session of paused) session.pause();
    this.#changedAt = nowMillis;
    if (nowMillis - this.#returnedAt < tooEarlyMillis) {
      this.#returnMillis = Math.min(longestReturnMillis, 2 * this.#returnMillis);
    }
    const sessions = active.length - paused.length;
    this.#log.warn(
      { paused: paused.length, sessions, realTimeFactor: factor },
      'more speech than the recogniser can hear: sessions are captioned after they end',
    );
  }

  #useRoom(sessions: readonly CaptionedSpeech[], active: number, busyShare: number, nowMillis: number): void {
    const next = sessions.find(session => session.isPaused);
    const quietMillis = nowMillis - this.#changedAt;
    if (next === undefined) {
      if (quietMillis > longestReturnMillis) this.#returnMillis = firstReturnMillis;
      return;
    }
    if (quietMillis < this.#returnMillis) return;
    // Partials take what time there is: when all speak, finals alone tell how much is needed.
    const byUse = active === 0 ? 0 : (busyShare * (active + 1)) / active;
    const byFinals = ((active + 1) * this.#load.realTimeFactor) / this.#slots;
    if (Math.min(byUse, byFinals) > roomyShare) return;
    next.resume();
    this.#changedAt = nowMillis;
    this.#returnedAt = nowMillis;
    this.#log.info({ sessions: active + 1 }, 'room for one more session: captioned again');
  }
}
