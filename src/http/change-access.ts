import type { Context } from 'hono';
import { type Asker, anyone } from '../accounts/asker.ts';
import { LivereelError } from '../errors.ts';
import { mayChange, maySee } from '../library/video-access.ts';
import type { VideoRow } from '../library/video-store.ts';
import { askerOf } from './asker.ts';
import { tokenOf } from './bearer-token.ts';

/** What deciding who may change a video needs. */
export type ChangeAccessParts = {
  readonly videos: { find(id: string): Promise<VideoRow | undefined> };
  readonly sessions: { authorizes(id: string, token: string): Promise<boolean> };
};

/**
 * Lets only those through who may change a video: its owner, an admin, who holds its session's ingest token, and on an
 * open server whoever is at the machine, when it is nobody's. Someone else's private video does not exist: it is
 * refused with `missing` like one that was never there.
 * @throws LivereelError `missing`, `forbidden`, `bad-token`, `unauthorized`.
 */
export async function allowChange(
  c: Context,
  id: string,
  { videos, sessions }: ChangeAccessParts,
  missing: 'not-found' | 'session-not-found' = 'not-found',
): Promise<void> {
  const token = tokenOf(c.req.raw.headers, c.req.query('token'));
  if (token !== undefined && (await sessions.authorizes(id, token))) return;
  const video = await videos.find(id);
  const asker = await askerWith(c, token);
  if (video === undefined || !maySee(video, asker)) {
    if (missing === 'not-found') throw noSuchVideo();
    throw new LivereelError(missing, 'There is no such session. Check the id, or create a new one.');
  }
  if (mayChange(video, asker)) return;
  if (asker.kind === 'person') throw new LivereelError('forbidden', "This is somebody else's video.");
  if (token !== undefined) throw new LivereelError('bad-token', 'This token is not the one of this video.');
  throw new LivereelError(
    'unauthorized',
    'Log in as the owner of the video, or send its ingest token as "Authorization: Bearer ..." or ?token=...',
  );
}

/**
 * Whether the asker may change a video that they may see: they are told why something of it failed, as nobody else is.
 */
export async function isChanger(
  c: Context,
  video: VideoRow,
  sessions: ChangeAccessParts['sessions'],
): Promise<boolean> {
  const token = tokenOf(c.req.raw.headers, c.req.query('token'));
  if (token !== undefined && (await sessions.authorizes(video.id, token))) return true;
  return mayChange(video, await askerWith(c, token));
}

/** Who shows a token wants to be let in by it, and is told when it is wrong. */
async function askerWith(c: Context, token: string | undefined): Promise<Asker> {
  const asks = await askerOf(c);
  return token !== undefined && asks.kind === 'owner-of-all' ? anyone : asks;
}

/** What is said of a video that is not there, or not there for who asks. */
export function noSuchVideo(): LivereelError {
  return new LivereelError(
    'not-found',
    'There is no such video. Check the id; a private one needs its token or its owner.',
  );
}
