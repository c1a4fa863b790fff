import type { VideoEvents } from '../events/video-events.ts';
import type { StreamPlace } from './session-pipeline.ts';

/** What was taken in at `atEpochMillis` (milliseconds since 1970) stands at `mediaSeconds` of the media timeline. */
export type LiveMoment = { readonly mediaSeconds: number; readonly atEpochMillis: number };

// Of what comes in a while the least delayed tells the clock; captions do not follow less than an eye sees.
const windowMillis = 1_000;
const toldShiftMillis = 50;

/**
 * Ties the media timeline to the wall clock for those who watch by WebRTC: what they see has no times of its own
 * that captions could be laid over (docs/protocol.md, section 5). Told only while frames are noted here.
 */
export class LiveClock {
  readonly #id: string;
  readonly #events: Pick<VideoEvents, 'report'>;
  readonly #placeOf: () => Pick<StreamPlace, 'run' | 'runOffsetSeconds'> | null;
  readonly #nowMillis: () => number;
  #told: LiveMoment | null = null;
  #best: LiveMoment | null = null;
  #windowEndsAtMillis = 0;

  /** `placeOf`: the stream that reaches viewers now. `nowMillis`: milliseconds since 1970. */
  constructor(
    id: string,
    events: Pick<VideoEvents, 'report'>,
    placeOf: () => Pick<StreamPlace, 'run' | 'runOffsetSeconds'> | null,
    nowMillis: () => number = Date.now,
  ) {
    this.#id = id;
    this.#events = events;
    this.#placeOf = placeOf;
    this.#nowMillis = nowMillis;
  }

  /** What was told last; null while nothing was. */
  get told(): LiveMoment | null {
    return this.#told;
  }

  /** `seconds` on the clock of the stream whose header stands at `headerStart` of the journal came just now. */
  tookIn(headerStart: number, seconds: number): void {
    const place = this.#placeOf();
    // A stream that begins is on its way to viewers: until it is there its clock says nothing.
    if (place === null || place.runOffsetSeconds === null || place.run.headerStart !== headerStart) return;
    const atEpochMillis = this.#nowMillis();
    const moment = { mediaSeconds: seconds + place.runOffsetSeconds, atEpochMillis };
    if (this.#best === null || aheadMillis(moment, this.#best) > 0) this.#best = moment;
    if (atEpochMillis >= this.#windowEndsAtMillis) this.#tell(this.#best, atEpochMillis);
  }

  #tell(moment: LiveMoment, nowMillis: number): void {
    this.#windowEndsAtMillis = nowMillis + windowMillis;
    this.#best = null;
    if (this.#told !== null && Math.abs(aheadMillis(moment, this.#told)) < toldShiftMillis) return;
    this.#told = { ...moment, mediaSeconds: Math.round(moment.mediaSeconds * 1_000) / 1_000 };
    this.#events.report({ event: 'live-clock', data: { id: this.#id, ...this.#told } });
  }
}

/** By how much `moment` is ahead on the media timeline. */
function aheadMillis(moment: LiveMoment, other: LiveMoment): number {
  return (moment.mediaSeconds - other.mediaSeconds) * 1_000 - (moment.atEpochMillis - other.atEpochMillis);
}
