/** What a session waits for: a publisher that is not there, or words of one that is. */
export type Awaited = 'absence' | 'silence';

const longestMillis = 2_147_483_647;

/** The one thing that happens to a session when nobody does anything. Owned by its session. */
export class SessionTimer {
  #timer: NodeJS.Timeout | null = null;
  #awaited: Awaited = 'absence';

  /** Calls `action` after `millis`, in place of what was to happen before. */
  start(awaited: Awaited, millis: number, action: () => void): void {
    this.clear();
    this.#awaited = awaited;
    this.#timer = setTimeout(action, Math.min(millis, longestMillis));
  }

  /** As `start`; while it waits for the same already, it waits anew, which costs next to nothing. */
  startOrRefresh(awaited: Awaited, millis: number, action: () => void): void {
    if (this.#timer !== null && this.#awaited === awaited) this.#timer.refresh();
    else this.start(awaited, millis, action);
  }

  /** Nothing will happen. */
  clear(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
