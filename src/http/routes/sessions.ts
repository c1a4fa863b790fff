import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import {
  type CreateSessionRequest,
  createSessionRequest,
  sessionAnswer,
  sessionEnded,
  type VideoState,
  videoId,
} from '../../api/session.ts';
import { LivereelError } from '../../errors.ts';
import { publishUrls, videoUrls } from '../../library/video-urls.ts';
import { tokenOf } from '../bearer-token.ts';
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
    client: { address: string },
  ): Promise<{ id: string; ingestToken: string; state: VideoState }>;
  /** Ends a session; one that has ended stays ended. @throws LivereelError `session-not-found`, `bad-token`. */
  end(id: string, token: string): Promise<{ id: string; state: VideoState }>;
  /** Whether `token` is the ingest token of `id`; false when there is no such video. Compares in constant time. */
  authorizes(id: string, token: string): Promise<boolean>;
}

const createSession = createRoute({
  method: 'post',
  path: '/api/v1/sessions',
  operationId: 'createSession',
  tags: ['sessions'],
  summary: 'Create a session',
  description:
    'A session is the ingest of one video: send to `ingestUrl`, watch at `watchUrl`, live and after. Every field has a default.',
  request: { body: { content: { 'application/json': { schema: createSessionRequest } } } },
  responses: {
    201: {
      description: 'The session; its token is told only here.',
      content: { 'application/json': { schema: sessionAnswer } },
      headers: z.object({ Location: z.string().meta({ description: 'The video.' }) }),
    },
    ...problems(
      'bad-request',
      'validation-failed',
      'unauthorized',
      'cross-site-request',
      'payload-too-large',
    ),
    ...problems('unsupported-media-type', 'input-not-supported', 'too-many-sessions'),
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
  security: [{ ingestToken: [] }, { ingestTokenInQuery: [] }],
  request: { params: z.object({ id: videoId }), query: z.object({ token: z.string().max(4096).optional() }) },
  responses: {
    200: { description: 'Ended.', content: { 'application/json': { schema: sessionEnded } } },
    ...problems('validation-failed', 'unauthorized', 'bad-token', 'not-found', 'session-not-found'),
  },
});

/** Declares the routes of docs/protocol.md, section 2. */
export function addSessionRoutes(
  app: OpenAPIHono,
  sessions: SessionDoor,
  address: () => PublicAddress,
): void {
  app.openapi(createSession, async c => {
    // A request without a body comes here as {} and unparsed: the defaults still have to be put in.
    const request = createSessionRequest.parse(c.req.valid('json'));
    const client = { address: clientAddressOf(c.req.raw.headers) };
    const { id, ingestToken, state } = await sessions.create(request, client);
    const publicUrl = publicUrlFor(c.req.raw.headers, address());
    const { ingestUrl, whipUrl } = publishUrls(publicUrl, id, ingestToken);
    const { playbackUrl, eventsUrl, watchUrl } = videoUrls(publicUrl, id);
    c.header('Location', `${publicUrl}/api/v1/videos/${id}`);
    return c.json({ id, state, ingestToken, ingestUrl, whipUrl, playbackUrl, eventsUrl, watchUrl }, 201);
  });

  app.openapi(endSession, async c => {
    const token = tokenOf(c.req.raw.headers, c.req.valid('query').token);
    if (token === undefined) {
      throw new LivereelError(
        'unauthorized',
        'Send the ingest token as "Authorization: Bearer ..." or ?token=...',
      );
    }
    const { id, state } = await sessions.end(c.req.valid('param').id, token);
    return c.json({ id, state }, 200);
  });
}
