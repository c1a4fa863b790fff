import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { playbackTokenAnswer, playbackTokenRequest } from '../../api/playback-token.ts';
import { videoId } from '../../api/session.ts';
import { LivereelError } from '../../errors.ts';
import type { PlaybackTokens } from '../../library/playback-tokens.ts';
import { allowChange, type ChangeAccessParts } from '../change-access.ts';
import { problems } from '../problem-schema.ts';

const params = z.object({ id: videoId });
const query = z.object({ token: z.string().max(4096).optional() });
const security = [{ ingestToken: [] }, { ingestTokenInQuery: [] }];
const refusals = problems(
  ...(['validation-failed', 'unauthorized', 'bad-token'] as const),
  ...(['forbidden', 'cross-site-request', 'not-found'] as const),
);

const makePlaybackToken = createRoute({
  method: 'post',
  path: '/api/v1/videos/{id}/playback-token',
  operationId: 'makePlaybackToken',
  tags: ['videos'],
  summary: 'Let somebody watch a private video for a while',
  description:
    'For its owner, or with the ingest token. Put it as `?token=` behind `playbackUrl`, `fileUrl` and the like; whatever they lead to carries it on. It holds for this video only, and ends when the video is made private anew.',
  security,
  request: {
    params,
    query,
    body: { content: { 'application/json': { schema: playbackTokenRequest } } },
  },
  responses: {
    200: { description: 'The token.', content: { 'application/json': { schema: playbackTokenAnswer } } },
    ...refusals,
    ...problems('bad-request', 'validation-failed', 'payload-too-large', 'unsupported-media-type'),
  },
});

const endPlaybackTokens = createRoute({
  method: 'delete',
  path: '/api/v1/videos/{id}/playback-token',
  operationId: 'endPlaybackTokens',
  tags: ['videos'],
  summary: 'End all playback tokens of a video',
  description:
    'For its owner, or with the ingest token: every link that was given out leads nowhere from now on.',
  security,
  request: { params, query },
  responses: { 204: { description: 'They are ended.' }, ...refusals },
});

/** What the routes need. */
export type PlaybackTokenParts = ChangeAccessParts & {
  readonly playback: { readonly tokens: PlaybackTokens; endTokens(id: string): Promise<boolean> };
};

/** Declares what lets people in whom the owner sends a link (docs/protocol.md, sections 4 and 8). */
export function addPlaybackTokenRoutes(app: OpenAPIHono, parts: PlaybackTokenParts): void {
  const { videos, playback } = parts;

  app.openapi(makePlaybackToken, async c => {
    const { id } = c.req.valid('param');
    await allowChange(c, id, parts);
    const video = await videos.find(id);
    if (video === undefined) throw new LivereelError('not-found', 'There is no such video.');
    const { expiresInSeconds } = playbackTokenRequest.parse(c.req.valid('json') ?? {});
    const made = playback.tokens.make(video, expiresInSeconds);
    c.header('Cache-Control', 'no-store');
    return c.json({ token: made.token, expiresAt: made.expiresAt.toISOString() }, 200);
  });

  app.openapi(endPlaybackTokens, async c => {
    const { id } = c.req.valid('param');
    await allowChange(c, id, parts);
    await playback.endTokens(id);
    return c.body(null, 204);
  });
}
