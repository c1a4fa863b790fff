import { currentAccess } from '../account/current-login.ts';
import { ownVideoToken } from '../elements/own-videos.ts';
import { readVideos, type VideoAnswer } from '../elements/video-api.ts';

/** That this page's user may change a video. `ingestToken`: by having recorded it on this device. */
export type Hold = { readonly ingestToken?: string };

/**
 * Whether the page's user may change a video: its account's, an admin, who recorded it on this device, and on a server
 * that is open whoever is at its machine, when the video is nobody's. Undefined: somebody else's. Never throws.
 */
export async function holdOn({ id, owner }: Pick<VideoAnswer, 'id' | 'owner'>): Promise<Hold | undefined> {
  const access = await currentAccess();
  const account = access?.account ?? null;
  if (account !== null && (account.role === 'admin' || account.id === owner?.id)) return {};
  const ingestToken = ownVideoToken(id);
  if (ingestToken !== undefined) return { ingestToken };
  if (account !== null || owner !== null || access?.access !== 'open') return undefined;
  // Only who is at the machine itself has videos of their own without an account.
  const own = readVideos({ isOwn: true, limit: 1 }, AbortSignal.timeout(10_000));
  return await own.then(
    () => ({}),
    () => undefined,
  );
}
