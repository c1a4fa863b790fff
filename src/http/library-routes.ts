import type { OpenAPIHono } from '@hono/zod-openapi';
import type { TaskQueue } from '../jobs/task-queue.ts';
import type { CaptionShelf } from '../library/known-captions.ts';
import type { Playback } from '../library/open-playback.ts';
import type { PublicAddress } from './request-origin.ts';
import { addPlaybackTokenRoutes } from './routes/playback-token.ts';
import type { SessionDoor } from './routes/sessions.ts';
import { addTaskRoutes } from './routes/tasks.ts';
import { addTranscriptRoutes } from './routes/transcripts.ts';
import { addUploadRoute, type PlainUploadDoor } from './routes/uploads.ts';
import { addVideoDeletionRoute, type VideoRemover } from './routes/video-deletion.ts';
import { addVideoListRoute } from './routes/video-list.ts';
import { addVideoRoutes, type VideoRouteParts, type VideoShelf } from './routes/videos.ts';

/** What the routes of videos are built from. */
export type LibraryRouteParts = VideoRouteParts & {
  readonly sessions: SessionDoor;
  readonly videos: VideoShelf;
  readonly deletion: VideoRemover;
  readonly shelf: Pick<CaptionShelf, 'known' | 'whyNone'>;
  readonly playback: Playback;
  readonly plainUploads: PlainUploadDoor;
  readonly tasks: Pick<TaskQueue, 'list' | 'retry'>;
  readonly publicAddress: () => PublicAddress;
};

/** Declares what is asked about videos, and what may be changed (docs/protocol.md, section 8). */
export function addLibraryRoutes(app: OpenAPIHono, parts: LibraryRouteParts): void {
  const { videos, shelf, playback, publicAddress } = parts;
  addVideoListRoute(app, videos, parts, publicAddress);
  addVideoRoutes(app, videos, parts, publicAddress);
  addUploadRoute(app, parts);
  addVideoDeletionRoute(app, parts.deletion, parts);
  addPlaybackTokenRoutes(app, parts);
  addTranscriptRoutes(app, shelf, videos, playback.viewing);
  addTaskRoutes(app, parts);
}
