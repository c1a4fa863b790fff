const storageKey = 'livereel.own';
const mostKept = 50;

/** Keeps on this device that a video was recorded here, so that its pages can change what is said about it. */
export function rememberOwnVideo(id: string, ingestToken: string): void {
  try {
    const kept = read().filter(([known]) => known !== id);
    localStorage.setItem(storageKey, JSON.stringify([...kept, [id, ingestToken]].slice(-mostKept)));
  } catch {
    // A private window: only the page that recorded it can.
  }
}

/** The ingest token of a video that was recorded on this device. */
export function ownVideoToken(id: string): string | undefined {
  return read().find(([known]) => known === id)?.[1];
}

function read(): [string, string][] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(storageKey) ?? '[]');
    if (!Array.isArray(kept)) return [];
    return kept.filter(
      (entry): entry is [string, string] =>
        Array.isArray(entry) && entry.every(part => typeof part === 'string'),
    );
  } catch {
    return [];
  }
}
