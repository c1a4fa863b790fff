/** The wish that the screen stays on, for as long as it is held. */
export class ScreenLock {
  #lock: WakeLockSentinel | undefined;
  #isClosed = false;

  constructor() {
    document.addEventListener('visibilitychange', this.#onVisibility);
    void this.#hold();
  }

  /** Lets the screen go dark again. Safe to call twice. */
  close(): void {
    this.#isClosed = true;
    document.removeEventListener('visibilitychange', this.#onVisibility);
    void this.#lock?.release().catch(() => {});
  }

  // The system takes the lock back when the page is hidden.
  readonly #onVisibility = (): void => {
    if (document.visibilityState === 'visible') void this.#hold();
  };

  async #hold(): Promise<void> {
    try {
      this.#lock = await navigator.wakeLock?.request('screen');
      if (this.#isClosed) this.close();
    } catch {
      // Low battery, or not visible: it goes on without.
    }
  }
}
