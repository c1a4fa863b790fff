const storageKey = 'livereel.hall';
const step = 1.15;
const smallest = 0.4;
const largest = 3;

/** How the page of captions alone looks on this device. */
export type HallLook = {
  /** 1: legible from ten metres on a screen of 55 inches. */
  readonly scale: number;
  readonly theme: 'dark' | 'light';
};

/** The look of the last time. */
export function loadHallLook(): HallLook {
  try {
    const stored = JSON.parse(localStorage.getItem(storageKey) ?? '{}') as Record<string, unknown>;
    const scale = typeof stored.scale === 'number' ? within(stored.scale) : 1;
    return { scale, theme: stored.theme === 'light' ? 'light' : 'dark' };
  } catch {
    return { scale: 1, theme: 'dark' };
  }
}

/** Keeps a look for the next time. */
export function saveHallLook(look: HallLook): void {
  try {
    localStorage.setItem(storageKey, JSON.stringify(look));
  } catch {
    // A private window: it holds until it is closed.
  }
}

/** One step larger or smaller. */
export function scaled(look: HallLook, direction: 1 | -1): HallLook {
  return { ...look, scale: within(look.scale * step ** direction) };
}

function within(scale: number): number {
  return Math.min(largest, Math.max(smallest, scale)) || 1;
}
