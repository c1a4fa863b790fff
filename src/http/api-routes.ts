import type { OpenAPIHono } from '@hono/zod-openapi';
import type { TaskQueue } from '../jobs/task-queue.ts';
import type { CaptionShelf } from '../library/known-captions.ts';
import type { Log } from '../log.ts';
import type { Webhooks } from '../webhooks/webhooks.ts';
import { addEveryAccountRoute, type PeopleParts } from './account-routes.ts';
import type { Metrics } from './metrics.ts';
import type { PublicAddress } from './request-origin.ts';
import { addDocsRoutes } from './routes/docs.ts';
import { addHealthRoutes, type Readiness } from './routes/health.ts';
import { addSessionRoutes, type SessionDoor } from './routes/sessions.ts';
import { addTaskRoutes } from './routes/tasks.ts';
import { addTranscriptRoutes } from './routes/transcripts.ts';
import { addVideoRoutes, type VideoRemover, type VideoShelf } from './routes/videos.ts';
import { addWebhookRoutes } from './routes/webhooks.ts';
import { addWebRtcRoute, type ToldWebRtc } from './routes/webrtc.ts';

/** What the API is built from. */
export type ApiParts = PeopleParts & {
  readonly sessions: SessionDoor;
  readonly videos: VideoShelf;
  /** The language of a video's speech (BCP-47, or `auto`) was corrected. */
  readonly onLanguage: (id: string, language: string) => Promise<void>;
  readonly deletion: VideoRemover;
  readonly shelf: Pick<CaptionShelf, 'known' | 'whyNone'>;
  readonly tasks: Pick<TaskQueue, 'list'>;
  readonly webRtc: ToldWebRtc;
  readonly webhooks: Webhooks;
  readonly readiness: () => Readiness;
  readonly metrics: Metrics;
  /** Asked at each request: with `PORT=0` the address is known only after the start. */
  readonly publicAddress: () => PublicAddress;
  /** livereel's own, e.g. `0.1.0`. */
  readonly version: string;
  readonly log: Log;
};

/** Declares every route of the control plane. */
export function addApiRoutes(app: OpenAPIHono, parts: ApiParts): void {
  addEveryAccountRoute(app, parts);
  addSessionRoutes(app, { ...parts, ...parts.accounts }, parts.publicAddress);
  addVideoRoutes(app, parts.videos, parts, parts.publicAddress);
  addTranscriptRoutes(app, parts.shelf, parts.videos, parts.sessions);
  addTaskRoutes(app, parts.tasks, parts.videos, parts.sessions);
  addWebRtcRoute(app, parts.webRtc);
  addWebhookRoutes(app, parts.webhooks);
  addHealthRoutes(app, parts);
  addDocsRoutes(app);
}
