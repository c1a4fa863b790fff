import type { Asker } from '../accounts/asker.ts';
import { LivereelError } from '../errors.ts';
import { maySee } from './video-access.ts';
import type { VideoRow } from './video-store.ts';

/**
 * Refuses a reply to what does not exist for the asker, somebody else's private video among it, in the same words.
 * @throws LivereelError `validation-failed`.
 */
export async function checkReply(
  replyTo: string | undefined,
  asker: Asker,
  videos: { find(id: string): Promise<VideoRow | undefined> },
): Promise<void> {
  if (replyTo === undefined) return;
  const video = await videos.find(replyTo);
  if (video !== undefined && maySee(video, asker)) return;
  throw new LivereelError('validation-failed', 'This cannot be a reply: the video it names does not exist.', {
    errors: [{ path: 'replyTo', message: 'there is no such video' }],
  });
}
