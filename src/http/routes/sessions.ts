import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Quotas } from '../../accounts/quotas.ts';
import {
  type CreateSessionRequest,
  createSessionRequest,
  sessionAnswer,
  sessionEnded,
  type VideoState,
  videoId,
} from '../../api/session.ts';
import type { PlaybackTokens } from '../../library/playback-tokens.ts';
import { checkReply } from '../../library/reply-access.ts';
import type { VideoRow } from '../../library/video-store.ts';
import { publishUrls, videoUrls } from '../../library/video-urls.ts';
import { askerOf } from '../asker.ts';
import { allowChange } from '../change-access.ts';
import { problems } from '../problem-schema.ts';
import { clientAddressOf, type PublicAddress, publicUrlFor } from '../request-origin.ts';

/** What the API needs of the sessions. */
export interface SessionDoor {
  /**
   * `client.address`: an IP address, or `unknown`.
   * @throws LivereelError `server-full`, `server-draining`, `disk-full`, `too-many-sessions`, `input-not-supported`,
   * `validation-failed` (a `replyTo` that names no video).
   */
  create(
    request: CreateSessionRequest,
    client: { address: string; ownerId: string | null },
  ): Promise<{ id: string; ingestToken: string; state: VideoState }>;
  /** Ends a session; one that has ended stays ended. @throws LivereelError `session-not-found`, `bad-token`. */
  end(id: string, token: string): Promise<{ id: string; state: VideoState }>;
  /** The same for who may without its token. @throws LivereelError `session-not-found`. */
  endNow(id: string): Promise<{ id: string; state: VideoState }>;
  /** Whether `token` is the ingest token of `id`; false when there is no such video. Compares in constant time. */
  authorizes(id: string, token: string): Promise<boolean>;
}

/** Who may without a token of the session: its owner. */
export const owners = [{ accessToken: [] }, { loginCookie: [] }, { apiKey: [] }];

const createSession = createRoute({
  method: 'post',
  path: '/api/v1/sessions',
  operationId: 'createSession',
  tags: ['sessions'],
  summary: 'Create a session',
  description:
    'A session is the ingest of one video: send to `ingestUrl`, watch at `watchUrl`, live and after. Every field has a default.',
  security: [{}, ...owners],
  request: { body: { content: { 'application/json': { schema: createSessionRequest } } } },
  responses: {
    201: {
      description: 'The session; its token is told only here.',
      content: { 'application/json': { schema: sessionAnswer } },
      headers: z.object({ Location: z.string().meta({ description: 'The video.' }) }),
    },
    ...problems('bad-request', 'validation-failed', 'payload-too-large', 'unsupported-media-type'),
    ...problems('unauthorized', 'cross-site-request', 'quota-exceeded'),
    ...problems('input-not-supported', 'too-many-sessions'),
    ...problems('server-full', 'server-draining', 'disk-full'),
  },
});

const endSession = createRoute({
  method: 'post',
  path: '/api/v1/sessions/{id}/end',
  operationId: 'endSession',
  tags: ['sessions'],
  summary: 'End a session',
  description: 'What was sent before becomes the video. Ending twice is no error.',
  security: [...owners, { ingestToken: [] }, { ingestTokenInQuery: [] }],
  request: { params: z.object({ id: videoId }), query: z.object({ token: z.string().max(4096).optional() }) },
  responses: {
    200: { description: 'Ended.', content: { 'application/json': { schema: sessionEnded } } },
    ...problems('validation-failed', 'unauthorized', 'bad-token', 'forbidden', 'cross-site-request'),
    ...problems('not-found', 'session-not-found'),
  },
});

/** What these routes need besides the sessions. */
export type SessionRouteParts = {
  readonly sessions: SessionDoor;
  readonly videos: { find(id: string): Promise<VideoRow | undefined> };
  readonly quotas: Pick<Quotas, 'admit'>;
  readonly playback: { readonly tokens: PlaybackTokens };
};

/** Declares the routes of docs/protocol.md, section 2. */
export function addSessionRoutes(
  app: OpenAPIHono,
  parts: SessionRouteParts,
  address: () => PublicAddress,
): void {
  const { sessions, videos, quotas, playback } = parts;
  app.openapi(createSession, async c => {
    // A request without a body comes here as {} and unparsed: the defaults still have to be put in.
    const request = createSessionRequest.parse(c.req.valid('json'));
    const asker = await askerOf(c);
    await checkReply(request.replyTo, asker, videos);
    const clientAddress = clientAddressOf(c.req.raw.headers);
    const { id, ingestToken, state } = await quotas.admit(asker, { kind: 'session' }, ownerId =>
      sessions.create(request, { address: clientAddress, ownerId }),
    );
    const publicUrl = publicUrlFor(c.req.raw.headers, address());
    const { ingestUrl, whipUrl } = publishUrls(publicUrl, id, ingestToken);
    const ticket =
      request.visibility === 'private' ? playback.tokens.make({ id, playbackEpoch: 0 }).token : null;
    const { playbackUrl, eventsUrl, watchUrl } = videoUrls(publicUrl, id, ticket);
    c.header('Location', `${publicUrl}/api/v1/videos/${id}`);
    return c.json({ id, state, ingestToken, ingestUrl, whipUrl, playbackUrl, eventsUrl, watchUrl }, 201);
  });

  app.openapi(endSession, async c => {
    const wanted = c.req.valid('param').id;
    await allowChange(c, wanted, parts, 'session-not-found');
    const { id, state } = await sessions.endNow(wanted);
    return c.json({ id, state }, 200);
  });
}
