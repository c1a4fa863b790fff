import { stateEvent, type VideoEvents } from '../events/video-events.ts';
import type { VideoStore } from './video-store.ts';

/** Where the state of an import's video is kept, and who is told of it. */
export type StateKeepers = {
  readonly videos: Pick<VideoStore, 'update'>;
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
