import type { VideoEvent } from '../api/event.ts';
import type { VideoState } from '../api/session.ts';
import { LivereelError } from '../errors.ts';
import type { CaptionShelf, KnownCaptions } from '../library/known-captions.ts';

/** What those who tell of videos need of them. */
export interface WatchedVideos {
  find(id: string): Promise<{ readonly state: VideoState; readonly visibility: string } | undefined>;
}

/** What is told to who comes: how things stand. */
export type VideoStanding = { readonly state: VideoState; readonly known: KnownCaptions | undefined };

const liveStates = new Set<VideoState>(['created', 'live', 'interrupted']);

/** How things stand with a video. @throws LivereelError `not-found`, also for one that is private. */
export async function standingOf(
  id: string,
  videos: WatchedVideos,
  shelf: Pick<CaptionShelf, 'known'>,
): Promise<VideoStanding> {
  const isId = /^[0-9A-Za-z]{12}$/.test(id);
  const known = isId ? await shelf.known(id) : undefined;
  const video = isId ? await videos.find(id) : undefined;
  if (video === undefined || video.visibility === 'private')
    throw new LivereelError('not-found', 'there is no such video');
  return { state: video.state, known };
}

/** The standing as the events that would have told of it. */
export function standingEvents(id: string, { state, known }: VideoStanding): VideoEvent[] {
  const events: VideoEvent[] = [{ event: 'state', data: { id, state, at: new Date().toISOString() } }];
  if (known?.captioning) {
    const { language, captioning } = known;
    events.push({ event: 'captioning', data: { id, ...captioning, language } });
  } else if (liveStates.has(state)) {
    events.push({ event: 'captioning', data: { id, state: 'off', lagSeconds: 0, language: null } });
  }
  for (const caption of known?.captions ?? []) events.push({ event: 'caption', data: { id, ...caption } });
  return events;
}
