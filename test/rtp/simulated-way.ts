/** How a way between two peers treats datagrams; the same each time. */
export type Weather = {
  /** 0 to 1: each packet by itself. */
  readonly lossRate?: number;
  /** 0 to 1: how much of the time nothing comes through, some 30 ms each time. */
  readonly burstRate?: number;
  readonly delayMillis?: number;
  /** Up to so much more delay, packet by packet: they overtake each other. */
  readonly unevenMillis?: number;
  /** 0 to 1: how many come twice. */
  readonly doubleRate?: number;
};

const meanBurstMillis = 30;

/** Random numbers from 0 to 1, the same for each seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** One direction of a way, in virtual time. */
export class SimulatedWay {
  readonly #weather: Required<Weather>;
  readonly #random: () => number;
  #underWay: { readonly atMillis: number; readonly bytes: Uint8Array }[] = [];
  #isInBurst = false;
  #nowMillis = 0;
  lost = 0;
  sent = 0;

  constructor(weather: Weather, seed: number) {
    const calm = { lossRate: 0, burstRate: 0, delayMillis: 0, unevenMillis: 0, doubleRate: 0 };
    this.#weather = { ...calm, ...weather };
    this.#random = randomFrom(seed);
  }

  send(bytes: Uint8Array, nowMillis: number): void {
    const { lossRate, delayMillis, unevenMillis, doubleRate } = this.#weather;
    this.sent += 1;
    for (; this.#nowMillis < nowMillis; this.#nowMillis += 1) this.#passMilli();
    if (this.#isInBurst || this.#random() < lossRate) {
      this.lost += 1;
      return;
    }
    const copies = this.#random() < doubleRate ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      const atMillis = nowMillis + delayMillis + Math.floor(this.#random() * unevenMillis);
      this.#underWay.push({ atMillis, bytes });
    }
  }

  #passMilli(): void {
    const { burstRate } = this.#weather;
    const changes = this.#isInBurst ? 1 : burstRate / (1 - burstRate);
    if (this.#random() < changes / meanBurstMillis) this.#isInBurst = !this.#isInBurst;
  }

  /** What has arrived by now, in the order of its arrival. */
  take(nowMillis: number): Uint8Array[] {
    const here = this.#underWay.filter(({ atMillis }) => atMillis <= nowMillis);
    if (here.length === 0) return [];
    this.#underWay = this.#underWay.filter(({ atMillis }) => atMillis > nowMillis);
    return here.sort((one, other) => one.atMillis - other.atMillis).map(({ bytes }) => bytes);
  }
}
