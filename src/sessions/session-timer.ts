/** What a session waits for: a publisher that is not there, or words of one that is. */
export type Awaited = 'absence' | 'silence';

const longestMillis = 2_147_483_647;

/** The one thing that happens to a session when nobody does anything. Owned by its session. */
export class SessionTimer {
  #timer: NodeJS.Timeout | null = null;
  #awaited: Awaited = 'absence';
  #isFresh = false;

  /** Whether it began to wait for `awaited` since the last `age`. */
  isFresh(awaited: Awaited): boolean {
    return this.#isFresh && this.#awaited === awaited;
  }

  /** A moment went by: what waits is worth beginning anew. */
  age(): void {
    this.#isFresh = false;
  }

  /** Calls `action` after `millis`, in place of what was to happen before. */
  start(awaited: Awaited, millis: number, action: () => void): void {
    this.clear();
    this.#awaited = awaited;
    this.#timer = setTimeout(action, Math.min(millis, longestMillis));
    this.#isFresh = true;
  }

  /** As `start`; while it waits for the same already, it waits anew, which costs next to nothing. */
  startOrRefresh(awaited: Awaited, millis: number, action: () => void): void {
    if (this.#timer === null || this.#awaited !== awaited) this.start(awaited, millis, action);
    else {
      this.#timer.refresh();
      this.#isFresh = true;
    }
  }

  /** While it waits for this, it waits anew, as long as before. */
  refresh(awaited: Awaited): void {
    if (this.#timer !== null && this.#awaited === awaited) this.#timer.refresh();
  }

  /** Nothing will happen. */
  clear(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#isFresh = false;
  }
}
