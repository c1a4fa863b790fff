import type { SenderReport } from './rtcp-packet.ts';
import { timestampDistance } from './rtp-packet.ts';

/** A moment of one source: in its own ticks, and on the clock that all sources of the stream share. */
export type MediaTime = { readonly ticks: number; readonly timeMicros: number };

// A picture's time is moved by so much at most, and never by more than half of the time since the picture before it.
const largestStepMicros = 10_000;
// What is measured is not steadier than this; correcting it would only make times uneven.
const toleratedMicros = 2_000;
// Farther off than this, forwards, nobody hears it creep up: it is put right at once.
const jumpMicros = 1_000_000;
// What reports say of a way of milliseconds cannot be seconds: such a report speaks of another clock.
const mostBelievedMicros = 5_000_000;
// A source's clock that runs so much faster or slower than the world was set anew.
const resetMicros = 5_000_000;

/**
 * The one clock of a publisher's sound and pictures. Each source counts ticks of its own from an arbitrary number; its
 * sender reports (RFC 3550, section 6.4.1) say which ticks belong to which moment of the publisher's clock. Before
 * they come, a source is placed by the arrival of its first packet. Then sound leads, and pictures follow it in small
 * steps: a picture shown 10 ms late is not seen, a hole in the sound is heard. Without sound the oldest source leads.
 * The clock stands where the caller's did at the first packet of a source, so that it goes on after a reconnect.
 */
export class SenderClock {
  readonly #sources: SourceClock[] = [];

  /** The clock of a source that begins. */
  addSource(kind: 'video' | 'audio', clockHertz: number): SourceClock {
    const source = new SourceClock(this, kind, clockHertz);
    this.#sources.push(source);
    return source;
  }

  /** The source is gone: another one leads. */
  removeSource(source: SourceClock): void {
    const index = this.#sources.indexOf(source);
    if (index >= 0) this.#sources.splice(index, 1);
  }

  /** Whom the others follow; null while nobody has reported. */
  get lead(): SourceClock | null {
    const reported = this.#sources.filter(({ hasReported }) => hasReported);
    return reported.find(({ kind }) => kind === 'audio') ?? reported[0] ?? null;
  }
}

/** The clock of one source, made by `SenderClock.addSource`. */
export class SourceClock {
  readonly kind: 'video' | 'audio';
  readonly #stream: SenderClock;
  readonly #microsPerTick: number;
  #timestamp: number | null = null;
  #ticks = 0;
  #timeMicros = 0;
  #arrivedMillis = 0;
  /** From the time by ticks alone to the stream's. */
  #correctionMicros = 0;
  /** The publisher's clock less the time by ticks, as the last report has it. */
  #reportedMicros: number | null = null;
  /** Came before the first packet, as some senders' first ones do. */
  #earlyReport: SenderReport | null = null;

  constructor(stream: SenderClock, kind: 'video' | 'audio', clockHertz: number) {
    this.#stream = stream;
    this.kind = kind;
    this.#microsPerTick = 1e6 / clockHertz;
  }

  get hasReported(): boolean {
    return this.#reportedMicros !== null;
  }

  /** The stream's time less the publisher's, in microseconds: what followers go by. Only once it has reported. */
  get streamLessReportedMicros(): number {
    return this.#correctionMicros - (this.#reportedMicros as number);
  }

  /**
   * The time of a packet. Packets are given in order; times never go back, and packets of one timestamp have one time.
   * `ticks` begin near the stream's time and go as the source's timestamps do, past 2^32.
   */
  timeOf(timestamp: number, nowMillis: number): MediaTime {
    if (this.#timestamp === null) {
      this.#place(timestamp, nowMillis, 0);
      if (this.#earlyReport !== null) this.report(this.#earlyReport);
    } else if (timestamp !== this.#timestamp) this.#advance(this.#timestamp, timestamp, nowMillis);
    return { ticks: this.#ticks, timeMicros: this.#timeMicros };
  }

  /**
   * The time of a packet that has overtaken others, as `timeOf` will have it when its turn comes; null where that
   * cannot be told.
   */
  timeAhead(timestamp: number): MediaTime | null {
    if (this.#timestamp === null) return null;
    const step = timestampDistance(this.#timestamp, timestamp);
    const stepMicros = step * this.#microsPerTick;
    if (stepMicros < 0 || stepMicros > resetMicros) return null;
    const ticks = this.#ticks + step;
    return { ticks, timeMicros: Math.round(this.#timeMicros + stepMicros) };
  }

  /** A sender report of this source; one that comes before its first packet takes effect with that. */
  report(report: SenderReport): void {
    if (this.#timestamp === null) {
      this.#earlyReport = report;
      return;
    }
    const { ntpMicros, rtpTimestamp } = report;
    const ticks = this.#ticks + timestampDistance(this.#timestamp, rtpTimestamp);
    const before = this.#reportedMicros;
    this.#reportedMicros = ntpMicros - ticks * this.#microsPerTick;
    // The sound's own clock stood still while the world's went on (it was muted, say): it has a hole, told here only.
    const gap = before === null ? 0 : this.#reportedMicros - before;
    if (this.#stream.lead === this && gap > jumpMicros / 2 && gap < 3_600e6) this.#correctionMicros += gap;
  }

  #place(timestamp: number, nowMillis: number, earliestMicros: number): void {
    const micros = Math.max(earliestMicros, Math.round(nowMillis * 1_000));
    this.#timestamp = timestamp;
    this.#ticks = Math.round((micros - this.#correctionMicros) / this.#microsPerTick);
    this.#timeMicros = micros;
    this.#arrivedMillis = nowMillis;
  }

  #advance(before: number, timestamp: number, nowMillis: number): void {
    const step = timestampDistance(before, timestamp);
    const stepMicros = step * this.#microsPerTick;
    const waitedMicros = (nowMillis - this.#arrivedMillis) * 1_000;
    // Forwards by more than the world went, or far backwards: the source counts from another beginning now.
    if (stepMicros > waitedMicros + resetMicros || stepMicros < -resetMicros / 5) {
      this.#reportedMicros = null;
      this.#place(timestamp, nowMillis, this.#timeMicros + 1_000);
      return;
    }
    this.#timestamp = timestamp;
    this.#ticks += step;
    this.#arrivedMillis = nowMillis;
    if (stepMicros > 0) this.#follow(stepMicros);
    const timeMicros = Math.round(this.#ticks * this.#microsPerTick + this.#correctionMicros);
    this.#timeMicros = Math.max(this.#timeMicros, timeMicros);
  }

  /** Moves towards the lead. */
  #follow(stepMicros: number): void {
    const { lead } = this.#stream;
    if (lead === null || lead === this || this.#reportedMicros === null) return;
    const errorMicros = lead.streamLessReportedMicros + this.#reportedMicros - this.#correctionMicros;
    const sizeMicros = Math.abs(errorMicros);
    if (sizeMicros <= toleratedMicros || sizeMicros > mostBelievedMicros) return;
    const mostMicros = Math.min(largestStepMicros, stepMicros / 2);
    this.#correctionMicros +=
      errorMicros > jumpMicros ? errorMicros : Math.sign(errorMicros) * Math.min(sizeMicros, mostMicros);
  }
}
