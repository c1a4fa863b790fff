import type { ReportBlock } from './rtcp-packet.ts';
import { type RtpPacket, sequenceDistance } from './rtp-packet.ts';

/** How a source is read. */
export type ReceiveBufferSettings = {
  readonly clockHertz: number;
  /** Repeats can be told from originals that are late (RFC 4588): only they tell how long answers take. */
  readonly hasRepeats: boolean;
  /** How long a packet that is missing holds up those behind it, on a short way. */
  readonly patienceMillis: number;
  /** The same before the first answer has told how long the way is. */
  readonly firstPatienceMillis: number;
  /** The same on a long way: some round trips, but never more than this. */
  readonly longestPatienceMillis: number;
};

/** Counted from the beginning; packets and bytes as they came, without headers. */
export type ReceiveCounters = {
  packets: number;
  bytes: number;
  /** Came when it had been asked for. */
  recovered: number;
  /** Never came, or too late. */
  lost: number;
  /** Came twice, or after it was given up. */
  useless: number;
};

/**
 * Takes a packet in order. `isAfterLoss`: something before it never came. `number`: one more than that of the packet
 * before it, or as many more as never came. A packet without payload is a probe that others had passed by.
 */
export type Deliver = (packet: RtpPacket, isAfterLoss: boolean, number: number) => void;

/** A place in the order whose packet has not come. */
type Missing = {
  readonly sinceMillis: number;
  askAtMillis: number;
  firstAskMillis: number;
  lastAskMillis: number;
  asks: number;
};

// A power of two. At 20 Mbit/s it is a second of packets.
const capacity = 2_048;
const mostHeldBytes = 4 * 1_024 * 1_024;
// Packets overtake each other by a few milliseconds on some ways; asking at once would ask for what is on its way there.
const reorderingMillis = 5;
// On a way where none has been overtaken for so long, what is missing is lost, and is asked for at once.
const reorderingMemoryMillis = 10_000;
const shortestRoundTripMillis = 25;
const assumedRoundTripMillis = 100;
// A little more than one, so that most answers come before one asks again; four questions fit into the patience: with
// 5 % loss both ways one answer in ten is lost.
const askEveryRoundTrips = 1.1;
const patienceRoundTrips = 4.5;
const mostAsks = 15;
const mostSequencesAtOnce = 250;
// Of packets that were given up: should they come after all, the way is longer than was thought.
const mostRemembered = 64;
// So many asked for in vain: this sender repeats nothing, and waiting for it only delays what did come.
const vainAsks = 10;
const nothing: readonly number[] = [];
const patienceInVainMillis = 40;

/**
 * Puts the packets of one source in order, and says which to ask for again (RFC 4585, section 6.2.1). One that does not
 * come within the patience is told as a loss, and the order goes on behind it. Packets that only probe the bandwidth
 * have a number but nothing else: they are taken out and not counted, but for those that others have passed by. Counts what receiver reports say (RFC 3550, A.3 and A.8).
 */
export class ReceiveBuffer {
  readonly #settings: ReceiveBufferSettings;
  readonly #deliver: Deliver;
  /** From `#next` to `#highest`, by the low bits of the number; what is delivered leaves no trace. */
  readonly #slots: (RtpPacket | Missing | undefined)[] = [];
  readonly counters: ReceiveCounters = { packets: 0, bytes: 0, recovered: 0, lost: 0, useless: 0 };
  /** Numbers without wraps: the first is the source's own plus 2^16, so that earlier ones are not negative. */
  #next = -1;
  #highest = -1;
  #heldBytes = 0;
  #missing = 0;
  #askAtMillis = Number.POSITIVE_INFINITY;
  #isAfterLoss = false;
  /** Probes that were taken out: those who get the packets do not see their numbers. */
  #takenOut = 0;
  #reorderedMillis = Number.NEGATIVE_INFINITY;
  /** A packet far from all others: the one after it tells whether the source has begun anew. */
  #stray: RtpPacket | null = null;
  #roundTripMillis = assumedRoundTripMillis;
  #isMeasured = false;
  #asksInVain = 0;
  /** When packets that were given up had first been asked for. */
  readonly #givenUp = new Map<number, number>();
  readonly #report = new ReceptionReport();

  /** `deliver` is called in order, within `push` and `giveUpLate`. */
  constructor(settings: ReceiveBufferSettings, deliver: Deliver) {
    this.#settings = settings;
    this.#deliver = deliver;
  }

  /** How long the source takes to repeat a packet, as measured; milliseconds. */
  get roundTripMillis(): number {
    return this.#roundTripMillis;
  }

  /**
   * `isRepeat`: it came as a retransmission (RFC 4588), which reports do not count as received. Gives the number under
   * which the packet will be delivered when it has to wait for others; null when it was delivered, or will not be.
   */
  push(packet: RtpPacket, nowMillis: number, isRepeat: boolean): number | null {
    if (this.#next < 0) {
      if (isRepeat) return null;
      this.#begin(packet.sequence);
    }
    const number = this.#highest + sequenceDistance(this.#highest & 0xffff, packet.sequence);
    if (Math.abs(number - this.#highest) >= capacity) {
      if (!isRepeat) this.#pushStray(packet, nowMillis);
      return null;
    }
    this.#stray = null;
    this.#count(packet, number, nowMillis, isRepeat);
    if (number > this.#highest) this.#extend(number, nowMillis);
    else if (number < this.#next) {
      this.counters.useless += 1;
      const firstAskMillis = this.#givenUp.get(number);
      if (firstAskMillis === undefined) return null;
      this.#givenUp.delete(number);
      this.#noteAnswer(nowMillis - firstAskMillis);
      return null;
    } else if (!this.#fillGap(number, nowMillis, isRepeat)) {
      this.counters.useless += 1;
      return null;
    }
    if (number === this.#next) {
      this.#next += 1;
      this.#hand(packet);
      this.#drain();
      return null;
    }
    this.#slots[number % capacity] = packet;
    this.#heldBytes += packet.payload.length;
    while (this.#heldBytes > mostHeldBytes) this.#skipGap();
    return number < this.#next || packet.payload.length === 0 ? null : number - this.#takenOut;
  }

  /** The numbers to ask for now, in order; call it as often as you like. */
  missingNow(nowMillis: number): readonly number[] {
    if (nowMillis < this.#askAtMillis) return nothing;
    this.#askAtMillis = Number.POSITIVE_INFINITY;
    const sequences: number[] = [];
    for (let number = this.#next; number <= this.#highest; number += 1) {
      const slot = this.#slots[number % capacity];
      if (!isMissing(slot) || slot.asks >= mostAsks) continue;
      if (slot.askAtMillis <= nowMillis && sequences.length < mostSequencesAtOnce) {
        sequences.push(number & 0xffff);
        if (slot.asks === 0) slot.firstAskMillis = nowMillis;
        slot.lastAskMillis = nowMillis;
        slot.asks += 1;
        slot.askAtMillis =
          nowMillis + Math.max(shortestRoundTripMillis, askEveryRoundTrips * this.#roundTripMillis);
      }
      this.#askAtMillis = Math.min(this.#askAtMillis, slot.askAtMillis);
    }
    return sequences;
  }

  /** Goes on behind packets that were waited for long enough. */
  giveUpLate(nowMillis: number): void {
    const patience = this.#patienceMillis();
    while (this.#missing > 0) {
      // What stands at `#next` is missing: anything else would have been delivered.
      const slot = this.#slots[this.#next % capacity] as Missing;
      if (nowMillis - slot.sinceMillis < patience) return;
      this.#giveUpNext();
      this.#drain();
    }
  }

  /** A sender report of the source came: what `reportBlock` gives back. */
  noteSenderReport(compactNtp: number, nowMillis: number): void {
    this.#report.noteSenderReport(compactNtp, nowMillis);
  }

  /** What the next receiver report says of this source; null before its first packet. */
  reportBlock(ssrc: number, nowMillis: number): ReportBlock | null {
    return this.#next < 0 ? null : this.#report.block(ssrc, nowMillis);
  }

  #patienceMillis(): number {
    if (this.#asksInVain >= vainAsks) return patienceInVainMillis;
    const { patienceMillis, firstPatienceMillis, longestPatienceMillis } = this.#settings;
    if (!this.#isMeasured) return firstPatienceMillis;
    return Math.min(
      longestPatienceMillis,
      Math.max(patienceMillis, patienceRoundTrips * this.#roundTripMillis),
    );
  }

  #begin(sequence: number): void {
    // Above all numbers before, so far that nobody takes it for a packet that was late.
    this.#next = 0x10000 * (Math.ceil((this.#highest + 1) / 0x10000) + 1) + sequence;
    this.#highest = this.#next - 1;
    this.#report.begin(this.#next);
  }

  /** RFC 3550, A.1: two packets in a row far from the others, and the source has begun anew. */
  #pushStray(packet: RtpPacket, nowMillis: number): void {
    const before = this.#stray;
    this.#stray = packet;
    if (before === null || packet.sequence !== ((before.sequence + 1) & 0xffff)) return;
    while (this.#missing > 0) this.#skipGap();
    this.#begin(before.sequence);
    this.#isAfterLoss = true;
    this.push(before, nowMillis, false);
    this.push(packet, nowMillis, false);
  }

  #count(packet: RtpPacket, number: number, nowMillis: number, isRepeat: boolean): void {
    this.counters.packets += 1;
    this.counters.bytes += packet.payload.length;
    if (isRepeat) return;
    const arrivedTicks = (nowMillis * this.#settings.clockHertz) / 1_000;
    this.#report.note(number, packet.timestamp, arrivedTicks);
  }

  /** The packet is the newest: what stands between it and the newest so far is missing. */
  #extend(number: number, nowMillis: number): void {
    // Numbers beyond the ring's end would stand in the places of those that still wait.
    while (number - this.#next >= capacity) this.#skipGap();
    // Without repeats of their own, an original that is late would pass for an answer.
    const isCalm = this.#settings.hasRepeats && nowMillis - this.#reorderedMillis > reorderingMemoryMillis;
    const askAtMillis = isCalm ? nowMillis : nowMillis + reorderingMillis;
    for (let gap = this.#highest + 1; gap < number; gap += 1) {
      this.#slots[gap % capacity] = {
        sinceMillis: nowMillis,
        askAtMillis,
        firstAskMillis: 0,
        lastAskMillis: 0,
        asks: 0,
      };
      this.#missing += 1;
      this.#askAtMillis = Math.min(this.#askAtMillis, askAtMillis);
    }
    this.#highest = number;
  }

  /** Whether the packet was missed; else it is a copy. */
  #fillGap(number: number, nowMillis: number, isRepeat: boolean): boolean {
    const slot = this.#slots[number % capacity];
    if (!isMissing(slot)) return false;
    this.#slots[number % capacity] = undefined;
    this.#missing -= 1;
    if (!isRepeat) this.#reorderedMillis = nowMillis;
    if (slot.asks === 0) return true;
    this.counters.recovered += 1;
    this.#asksInVain = 0;
    if (this.#settings.hasRepeats && !isRepeat) return true;
    // Sooner after the last question than answers take: it answers one before that.
    const sinceLastMillis = nowMillis - slot.lastAskMillis;
    const answersLast = this.#isMeasured && sinceLastMillis >= 0.7 * this.#roundTripMillis;
    this.#noteAnswer(answersLast ? sinceLastMillis : nowMillis - slot.firstAskMillis);
    return true;
  }

  #noteAnswer(tookMillis: number): void {
    this.#asksInVain = 0;
    this.#roundTripMillis += (tookMillis - this.#roundTripMillis) / (this.#isMeasured ? 4 : 1);
    this.#isMeasured = true;
  }

  #drain(): void {
    while (this.#next <= this.#highest) {
      const slot = this.#slots[this.#next % capacity];
      if (slot === undefined || isMissing(slot)) return;
      this.#slots[this.#next % capacity] = undefined;
      this.#heldBytes -= slot.payload.length;
      this.#next += 1;
      this.#hand(slot);
    }
  }

  #giveUpNext(): void {
    const slot = this.#slots[this.#next % capacity] as Missing;
    this.#slots[this.#next % capacity] = undefined;
    if (slot.asks > 0) this.#rememberGivenUp(this.#next, slot.firstAskMillis);
    this.#next += 1;
    this.#missing -= 1;
    this.counters.lost += 1;
    this.#isAfterLoss = true;
  }

  #rememberGivenUp(number: number, firstAskMillis: number): void {
    this.#asksInVain += 1;
    this.#givenUp.set(number, firstAskMillis);
    if (this.#givenUp.size <= mostRemembered) return;
    for (const oldest of this.#givenUp.keys()) {
      this.#givenUp.delete(oldest);
      return;
    }
  }

  /** Gives up what is missing at the front, and delivers what waited behind it. */
  #skipGap(): void {
    while (this.#next <= this.#highest && isMissing(this.#slots[this.#next % capacity])) this.#giveUpNext();
    this.#drain();
  }

  #hand(packet: RtpPacket): void {
    const number = this.#next - 1 - this.#takenOut;
    if (packet.payload.length === 0) {
      // It is left out where nobody has seen a number behind it. A loss is told with the next one that holds something.
      if (this.#next > this.#highest) this.#takenOut += 1;
      else this.#deliver(packet, false, number);
      return;
    }
    const isAfterLoss = this.#isAfterLoss;
    this.#isAfterLoss = false;
    this.#deliver(packet, isAfterLoss, number);
  }
}

/** What is counted for receiver reports (RFC 3550, A.3 and A.8). */
class ReceptionReport {
  #first = 0;
  #highest = 0;
  #received = 0;
  #expectedBefore = 0;
  #receivedBefore = 0;
  #jitterTicks = 0;
  #transitTicks: number | null = null;
  #timestamp = 0;
  #lastReport = 0;
  #lastReportMillis = 0;

  /** The source begins, or begins anew, with the packet of this number. */
  begin(number: number): void {
    this.#first = number;
    this.#highest = number - 1;
    this.#received = 0;
    this.#expectedBefore = 0;
    this.#receivedBefore = 0;
    this.#transitTicks = null;
  }

  note(number: number, timestamp: number, arrivedTicks: number): void {
    this.#received += 1;
    if (number <= this.#highest) return;
    this.#highest = number;
    // The packets of one picture are sent one after the other at one timestamp: that is no jitter.
    if (this.#transitTicks !== null && timestamp === this.#timestamp) return;
    const transitTicks = (arrivedTicks - timestamp) | 0;
    if (this.#transitTicks !== null) {
      const change = Math.abs((transitTicks - this.#transitTicks) | 0);
      this.#jitterTicks += (change - this.#jitterTicks) / 16;
    }
    this.#transitTicks = transitTicks;
    this.#timestamp = timestamp;
  }

  noteSenderReport(compactNtp: number, nowMillis: number): void {
    this.#lastReport = compactNtp;
    this.#lastReportMillis = nowMillis;
  }

  block(ssrc: number, nowMillis: number): ReportBlock {
    const expected = this.#highest - this.#first + 1;
    const expectedNow = expected - this.#expectedBefore;
    const lostNow = expectedNow - (this.#received - this.#receivedBefore);
    this.#expectedBefore = expected;
    this.#receivedBefore = this.#received;
    const delaySeconds = (nowMillis - this.#lastReportMillis) / 1_000;
    return {
      ssrc,
      fractionLost: lostNow <= 0 ? 0 : Math.min(255, Math.floor((256 * lostNow) / expectedNow)),
      packetsLost: expected - this.#received,
      highestSequence: this.#highest - 0x10000,
      jitterTicks: Math.floor(this.#jitterTicks),
      lastReport: this.#lastReport,
      delaySinceLastReport: this.#lastReport === 0 ? 0 : Math.round(delaySeconds * 65_536),
    };
  }
}

function isMissing(slot: RtpPacket | Missing | undefined): slot is Missing {
  return slot !== undefined && 'sinceMillis' in slot;
}
