import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { videoId } from '../../api/session.ts';
import { transcriptAnswer } from '../../api/transcript.ts';
import { type CaptionShelf, transcriptOf } from '../../library/known-captions.ts';
import type { VideoViewing } from '../../library/video-viewing.ts';
import { askerOf } from '../asker.ts';
import { tokenOf } from '../bearer-token.ts';
import { noSuchVideo } from '../change-access.ts';
import { problems } from '../problem-schema.ts';
import type { VideoShelf } from './videos.ts';

const getTranscript = createRoute({
  method: 'get',
  path: '/api/v1/videos/{id}/transcript',
  operationId: 'getTranscript',
  tags: ['videos'],
  summary: 'What is said in a video',
  description:
    'While it is live, what is known so far: the last of it may still change. Then what was heard live, until the corrected words take its place (`final`). Seconds are on the media timeline.',
  security: [{}, { ingestToken: [] }, { ingestTokenInQuery: [] }],
  request: { params: z.object({ id: videoId }), query: z.object({ token: z.string().max(4096).optional() }) },
  responses: {
    200: { description: 'The transcript.', content: { 'application/json': { schema: transcriptAnswer } } },
    ...problems('validation-failed', 'not-found'),
  },
});

/** Declares what tells the words of a video (docs/protocol.md, section 8). */
export function addTranscriptRoutes(
  app: OpenAPIHono,
  shelf: Pick<CaptionShelf, 'known' | 'whyNone'>,
  videos: Pick<VideoShelf, 'find'>,
  viewing: Pick<VideoViewing, 'of'>,
): void {
  app.openapi(getTranscript, async c => {
    const { id } = c.req.valid('param');
    // Before the video: what a session hands over meanwhile is in the one or the other.
    const known = await shelf.known(id);
    const video = await videos.find(id);
    const token = tokenOf(c.req.raw.headers, c.req.valid('query').token);
    const seen = video && (await viewing.of(video, { token, asker: () => askerOf(c) }));
    if (seen === undefined) {
      throw noSuchVideo();
    }
    const { language, ...said } = transcriptOf(known);
    const spoken = language ?? (seen.video.language === 'auto' ? null : seen.video.language);
    return c.json({ language: spoken, ...said }, 200);
  });
}
