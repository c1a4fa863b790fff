import type { Writable } from 'node:stream';
import type { GatheredFrame } from '../rtp/media-frame.ts';
import type { EngineReport } from './engine-messages.ts';
import { FrameBatch } from './frame-batch.ts';
import { packMessage } from './message-pipe.ts';

/** More than two seconds of twenty publishers: the server has stalled. */
const slowBytes = 8 * 1024 * 1024;
/**
 * How often frames go to the server. They go into the journal, whose parts are 200 ms: 80 a second and publisher, each
 * by itself, would wake the server and write a record as often. Viewers by WebRTC do not wait for it.
 */
const gatherMillis = 50;

/**
 * The child's way back to the server. Frames that the server does not take in time are thrown away, pictures up to the
 * next key frame, so that memory does not grow; everything else is small and always sent.
 */
export class ServerPipe {
  readonly #pipe: Writable;
  readonly #batch: FrameBatch;
  /** Publishers whose next picture must be a key frame. */
  readonly #waitingForKey = new Set<string>();
  #framesDropped = 0;
  /** The time of the newest write, in steps of `gatherMillis`. */
  #turn = 0;

  constructor(pipe: Writable) {
    this.#pipe = pipe;
    this.#batch = new FrameBatch((bytes, written) => pipe.write(bytes, written));
  }

  /** How many frames were thrown away. */
  get framesDropped(): number {
    return this.#framesDropped;
  }

  /** Tells the server something, at once and behind the frames before it. */
  report(report: EngineReport): void {
    if (report.kind === 'gone') this.#waitingForKey.delete(report.peerId);
    this.#batch.send();
    this.#pipe.write(packMessage(report));
  }

  /** Gives a publisher's frame to the server with one of the next ticks, if it can take one. True: a key frame should be asked for. */
  frame(peerId: string, frame: GatheredFrame): boolean {
    const isPicture = frame.kind === 'video';
    const isSlow = this.#pipe.writableLength + this.#batch.waitingBytes > slowBytes;
    if (isPicture && isSlow) this.#waitingForKey.add(peerId);
    else if (isPicture && frame.isKey) this.#waitingForKey.delete(peerId);
    if (isSlow || (isPicture && this.#waitingForKey.has(peerId))) {
      this.#framesDropped += 1;
      return isPicture && !isSlow;
    }
    this.#batch.add(peerId, frame);
    return false;
  }

  /** To be called about every 25 ms: what was gathered goes out in one write every 50 ms. */
  tick(nowMillis: number): void {
    const turn = Math.floor(nowMillis / gatherMillis);
    if (turn !== this.#turn) this.#batch.send();
    this.#turn = turn;
  }
}
