import type { PeerConnectionLike, StatsEntry } from './peer-connection-class.ts';

/** How sending goes, over the time since the look before. */
export type SendingStats = {
  readonly bitsPerSecond: number;
  /** To the server and back; 0 while nobody knows. */
  readonly roundTripSeconds: number;
  readonly framesPerSecond: number;
  /** The largest size that is being sent; 0 while nothing is. */
  readonly height: number;
  /** What keeps the picture from being better, where something does. */
  readonly limitedBy: 'none' | 'bandwidth' | 'cpu' | 'other';
};

/** How receiving goes, over the time since the look before. */
export type ReceivingStats = {
  /** From the server until it is shown; undefined while nothing is. */
  readonly latencySeconds: number | undefined;
  /** Of all kinds, since the beginning. */
  readonly packets: number;
};

/** Reads a sender's statistics, look by look. */
export class SendingMeter {
  #bytes = 0;
  #atMillis = 0;

  /** `nowMillis` of any clock that does not go back. */
  async look(connection: PeerConnectionLike, nowMillis: number): Promise<SendingStats> {
    const all = await entriesOf(connection);
    const sent = all.filter(({ type }) => type === 'outbound-rtp');
    const bytes = sum(sent.map(entry => amount(entry, 'bytesSent')));
    const seconds = (nowMillis - this.#atMillis) / 1_000;
    const isFirst = this.#atMillis === 0 || bytes < this.#bytes;
    const bitsPerSecond = isFirst ? 0 : (8 * (bytes - this.#bytes)) / seconds;
    this.#bytes = bytes;
    this.#atMillis = nowMillis;
    const pictures = sent.filter(entry => entry.kind === 'video' && amount(entry, 'framesPerSecond') > 0);
    const best = pictures.sort((a, b) => amount(b, 'frameHeight') - amount(a, 'frameHeight'))[0];
    const reason = best?.qualityLimitationReason;
    return {
      bitsPerSecond,
      roundTripSeconds: roundTrip(all),
      framesPerSecond: best === undefined ? 0 : amount(best, 'framesPerSecond'),
      height: best === undefined ? 0 : amount(best, 'frameHeight'),
      limitedBy: reason === 'bandwidth' || reason === 'cpu' || reason === 'other' ? reason : 'none',
    };
  }
}

/** Reads a receiver's statistics, look by look. */
export class ReceivingMeter {
  #waitedSeconds = 0;
  #emitted = 0;
  #decodedSeconds = 0;
  #decoded = 0;
  #latencySeconds: number | undefined;

  /**
   * The latency is the way here (half a round trip), the wait in the jitter buffer and the decoding; of the picture,
   * of the sound where there is no picture.
   */
  async look(connection: PeerConnectionLike): Promise<ReceivingStats> {
    const all = await entriesOf(connection);
    const received = all.filter(({ type }) => type === 'inbound-rtp');
    const main = received.find(({ kind }) => kind === 'video') ?? received[0];
    if (main !== undefined) this.#note(main, roundTrip(all) / 2);
    return {
      latencySeconds: this.#latencySeconds,
      packets: sum(received.map(entry => amount(entry, 'packetsReceived'))),
    };
  }

  #note(main: StatsEntry, wayHereSeconds: number): void {
    const emitted = amount(main, 'jitterBufferEmittedCount');
    const decoded = amount(main, 'framesDecoded');
    const waitedSeconds = amount(main, 'jitterBufferDelay');
    const decodedSeconds = amount(main, 'totalDecodeTime');
    if (emitted > this.#emitted) {
      const wait = (waitedSeconds - this.#waitedSeconds) / (emitted - this.#emitted);
      const isDecoding = decoded > this.#decoded;
      const decoding = isDecoding ? (decodedSeconds - this.#decodedSeconds) / (decoded - this.#decoded) : 0;
      this.#latencySeconds = wayHereSeconds + wait + decoding;
    }
    this.#emitted = emitted;
    this.#decoded = decoded;
    this.#waitedSeconds = waitedSeconds;
    this.#decodedSeconds = decodedSeconds;
  }
}

async function entriesOf(connection: PeerConnectionLike): Promise<StatsEntry[]> {
  const entries: StatsEntry[] = [];
  (await connection.getStats()).forEach(entry => {
    entries.push(entry);
  });
  return entries;
}

function roundTrip(all: readonly StatsEntry[]): number {
  const isUsed = (entry: StatsEntry) => entry.type === 'candidate-pair' && entry.nominated === true;
  const pair = all.find(entry => isUsed(entry) && entry.state === 'succeeded');
  return pair === undefined ? 0 : amount(pair, 'currentRoundTripTime');
}

function amount(entry: StatsEntry, key: string): number {
  const value = entry[key];
  return typeof value === 'number' ? value : 0;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
