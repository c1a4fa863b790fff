import { LivereelError } from '../errors.ts';
import type { EngineAnswer } from './engine-messages.ts';

type Open = {
  readonly resolve: (answer: EngineAnswer) => void;
  readonly reject: (error: LivereelError) => void;
  readonly patience: NodeJS.Timeout;
};

/** Requests that were sent to the engine and wait for its word; each by a number of its own. */
export class OpenRequests {
  readonly #open = new Map<number, Open>();
  #lastId = 0;

  /**
   * Calls `send` with a number, and resolves with what is answered to it.
   * @throws LivereelError what it is refused with; `webrtc-restarting` when nothing comes within `limitMillis`.
   */
  ask(send: (id: number) => void, limitMillis: number): Promise<EngineAnswer> {
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      const patience = setTimeout(() => {
        this.#open.delete(id);
        reject(restarting('The WebRTC engine does not answer in time.'));
      }, limitMillis);
      this.#open.set(id, { resolve, reject, patience });
      send(id);
    });
  }

  /** Nothing happens for a number that nobody waits for any more. */
  answered(id: number, answer: EngineAnswer): void {
    this.#take(id)?.resolve(answer);
  }

  /** As `answered`. */
  refused(id: number, error: LivereelError): void {
    this.#take(id)?.reject(error);
  }

  /** Whoever waits is told that nothing will come. */
  fail(reason: string): void {
    for (const id of [...this.#open.keys()]) this.refused(id, restarting(reason));
  }

  #take(id: number): Open | undefined {
    const open = this.#open.get(id);
    this.#open.delete(id);
    clearTimeout(open?.patience);
    return open;
  }
}

/** The error of a request that comes while the engine is not there. */
export function restarting(reason: string): LivereelError {
  return new LivereelError('webrtc-restarting', reason, { retryAfterSeconds: 1 });
}
