import type { VideoState } from '../api/session.ts';
import { stateEvent, type VideoEvents } from '../events/video-events.ts';
import type { VideoStore } from './video-store.ts';

/** Where the state of an import's video is kept, and who is told of it. */
export type StateKeepers = {
  readonly videos: Pick<VideoStore, 'update' | 'received'>;
  readonly events: Pick<VideoEvents, 'report'>;
};

/** Where the video of an import stands from now on, in its record and to who listens; `error`: why it failed. */
export async function enterState(
  { videos, events }: StateKeepers,
  id: string,
  state: 'uploading' | 'failed',
  error: { readonly code: string; readonly message: string } | null,
): Promise<void> {
  await videos.update(id, { state, errorCode: error?.code ?? null, errorMessage: error?.message ?? null });
  events.report(stateEvent(id, state));
}

/** All of it is fetched; gives where its video stands now, which may be further. Undefined: it was deleted. */
export async function enterProcessing(
  { videos, events }: StateKeepers,
  id: string,
): Promise<VideoState | undefined> {
  const received = await videos.received(id);
  if (received?.isNews) events.report(stateEvent(id, 'processing'));
  return received?.video.state;
}
