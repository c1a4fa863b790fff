import type { Writable } from 'node:stream';
import type { MediaFrame } from '../rtp/media-frame.ts';
import type { EngineReport } from './engine-messages.ts';
import { packMessage } from './message-pipe.ts';

/** More than two seconds of twenty publishers: the server has stalled. */
const slowBytes = 8 * 1024 * 1024;

/**
 * The child's way back to the server. Frames that the server does not take in time are thrown away, pictures up to the
 * next key frame, so that memory does not grow; everything else is small and always sent.
 */
export class ServerPipe {
  readonly #pipe: Writable;
  /** Publishers whose next picture must be a key frame. */
  readonly #waitingForKey = new Set<string>();
  #framesDropped = 0;

  constructor(pipe: Writable) {
    this.#pipe = pipe;
  }

  /** How many frames were thrown away. */
  get framesDropped(): number {
    return this.#framesDropped;
  }

  /** Tells the server something. */
  report(report: EngineReport, body?: Uint8Array): void {
    if (report.kind === 'gone') this.#waitingForKey.delete(report.peerId);
    this.#pipe.write(packMessage(report, body));
  }

  /** Gives a publisher's frame to the server, if it can take one. True: a key frame should be asked for. */
  frame(peerId: string, { bytes, ...frame }: MediaFrame): boolean {
    const isPicture = frame.kind === 'video';
    const isSlow = this.#pipe.writableLength > slowBytes;
    if (isPicture && isSlow) this.#waitingForKey.add(peerId);
    else if (isPicture && frame.isKey) this.#waitingForKey.delete(peerId);
    if (isSlow || (isPicture && this.#waitingForKey.has(peerId))) {
      this.#framesDropped += 1;
      return isPicture && !isSlow;
    }
    this.report({ kind: 'frame', peerId, frame }, bytes);
    return false;
  }
}
