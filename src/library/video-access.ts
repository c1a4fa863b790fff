import type { Asker } from '../accounts/asker.ts';
import type { Visibility } from '../api/session.ts';

/** Whose a video is; null: made without an account, nobody's. */
export type OwnedVideo = { readonly ownerId: string | null };

/**
 * Whether the asker may do with a video what only its owner may: change it, delete it, end its session. What was
 * made without an account belongs to whoever is at the machine itself.
 */
export function mayChange(video: OwnedVideo, asker: Asker): boolean {
  switch (asker.kind) {
    case 'anyone':
      return false;
    case 'owner-of-all':
      return video.ownerId === null;
    case 'person':
      return asker.role === 'admin' || video.ownerId === asker.accountId;
  }
}

/**
 * Whether a video exists for the asker. A private one exists for its owner only: everyone else is answered as if it
 * had never been. Doors that take an ingest or a playback token look at that first.
 */
export function maySee(video: OwnedVideo & { readonly visibility: Visibility }, asker: Asker): boolean {
  return video.visibility !== 'private' || mayChange(video, asker);
}
