import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Imports } from '../library/imports.ts';
import type { Log } from '../log.ts';
import type { Webhooks } from '../webhooks/webhooks.ts';
import { addEveryAccountRoute, type PeopleParts } from './account-routes.ts';
import { addLibraryRoutes, type LibraryRouteParts } from './library-routes.ts';
import type { Metrics } from './metrics.ts';
import type { PublicAddress } from './request-origin.ts';
import { addDocsRoutes } from './routes/docs.ts';
import { addHealthRoutes, type Readiness } from './routes/health.ts';
import { addImportRoutes } from './routes/imports.ts';
import { addSessionRoutes, type SessionDoor } from './routes/sessions.ts';
import { addWebhookRoutes } from './routes/webhooks.ts';
import { addWebRtcRoute, type ToldWebRtc } from './routes/webrtc.ts';

/** What the API is built from. */
export type ApiParts = PeopleParts &
  LibraryRouteParts & {
    readonly sessions: SessionDoor;
    readonly webRtc: ToldWebRtc;
    readonly webhooks: Webhooks;
    readonly imports: Imports;
    readonly readiness: () => Readiness;
    readonly metrics: Metrics;
    /** Asked at each request: with `PORT=0` the address is known only after the start. */
    readonly publicAddress: () => PublicAddress;
    /** livereel's own, e.g. `0.1.0`. */
    readonly version: string;
    /** Every answer is held against its schema; one that does not fit is a 500. For tests. */
    readonly checksAnswers?: boolean;
    readonly log: Log;
  };

/** Declares every route of the control plane. */
export function addApiRoutes(app: OpenAPIHono, parts: ApiParts): void {
  addEveryAccountRoute(app, parts);
  addSessionRoutes(app, { ...parts, ...parts.accounts }, parts.publicAddress);
  addLibraryRoutes(app, parts);
  addImportRoutes(app, parts.imports, { ...parts, ...parts.playback });
  addWebRtcRoute(app, parts.webRtc);
  addWebhookRoutes(app, parts.webhooks);
  addHealthRoutes(app, parts);
  addDocsRoutes(app);
}
