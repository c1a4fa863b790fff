import type { Captioning, VideoEvent } from '../api/event.ts';
import type { VideoState, Visibility } from '../api/session.ts';
import { LivereelError } from '../errors.ts';
import { stateEvent } from '../events/video-events.ts';
import type { CaptionShelf, KnownCaptions } from '../library/known-captions.ts';
import type { Credentials, SeenVideo } from '../library/video-viewing.ts';
import type { LiveMoment } from '../sessions/live-clock.ts';

type WatchedVideo = {
  readonly state: VideoState;
  readonly visibility: Visibility;
  readonly captions: boolean;
};

/** For whom a video exists, as those who tell of videos need to know; `VideoViewing` is it. */
export interface WatchedVideos {
  find(id: string, by: Credentials): Promise<SeenVideo<WatchedVideo> | undefined>;
}

/** How things stand for one who asks. */
export type StandingParts = {
  readonly videos: WatchedVideos;
  readonly shelf: Pick<CaptionShelf, 'known' | 'whyNone'>;
  readonly liveMoment: LiveMoments;
};

/** A live stream's place on the media timeline, where one is told. */
export type LiveMoments = (id: string) => LiveMoment | null;

/** What is told to who comes: how things stand. */
export type VideoStanding = {
  readonly state: VideoState;
  readonly known: KnownCaptions | undefined;
  readonly liveClock: LiveMoment | null;
  /** Why there are no captions, should there be none. */
  readonly whyNone: string;
};

const liveStates = new Set<VideoState>(['created', 'live', 'interrupted']);

/** How things stand with a video. @throws LivereelError `not-found`, also for who may not watch it; as `by.asker`. */
export async function standingOf(
  id: string,
  by: Credentials,
  { videos, shelf, liveMoment }: StandingParts,
): Promise<VideoStanding> {
  const isId = /^[0-9A-Za-z]{12}$/.test(id);
  const known = isId ? await shelf.known(id) : undefined;
  const video = isId ? (await videos.find(id, by))?.video : undefined;
  if (video === undefined) throw new LivereelError('not-found', 'there is no such video');
  return { state: video.state, known, liveClock: liveMoment(id), whyNone: shelf.whyNone(video) };
}

/** How well a live video is captioned, or why not at all; null when it is over and was not. */
export function captioningOf(id: string, { state, known, whyNone }: VideoStanding): Captioning | null {
  if (known?.captioning) return { id, ...known.captioning, language: known.language };
  if (!liveStates.has(state)) return null;
  return { id, state: 'off', lagSeconds: 0, language: null, reason: whyNone };
}

/** The standing as the events that would have told of it. */
export function standingEvents(id: string, standing: VideoStanding): VideoEvent[] {
  const { state, known, liveClock } = standing;
  const events: VideoEvent[] = [stateEvent(id, state)];
  if (liveClock !== null) events.push({ event: 'live-clock', data: { id, ...liveClock } });
  const captioning = captioningOf(id, standing);
  if (captioning !== null) events.push({ event: 'captioning', data: captioning });
  for (const caption of known?.captions ?? []) events.push({ event: 'caption', data: { id, ...caption } });
  return events;
}
