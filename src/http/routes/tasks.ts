import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { videoId } from '../../api/session.ts';
import { videoTasks } from '../../api/task.ts';
import type { TaskQueue } from '../../jobs/task-queue.ts';
import type { VideoViewing } from '../../library/video-viewing.ts';
import { askerOf } from '../asker.ts';
import { tokenOf } from '../bearer-token.ts';
import { noSuchVideo } from '../change-access.ts';
import { problems } from '../problem-schema.ts';
import type { VideoShelf } from './videos.ts';

const listTasks = createRoute({
  method: 'get',
  path: '/api/v1/videos/{id}/tasks',
  operationId: 'listTasks',
  tags: ['videos'],
  summary: 'What is made of a video in the background',
  description: 'Each with how far it is, and why it failed.',
  security: [{}, { ingestToken: [] }, { ingestTokenInQuery: [] }],
  request: { params: z.object({ id: videoId }), query: z.object({ token: z.string().max(4096).optional() }) },
  responses: {
    200: { description: 'The tasks.', content: { 'application/json': { schema: videoTasks } } },
    ...problems('validation-failed', 'not-found'),
  },
});

/** Declares what tells how far a video's tasks are (docs/protocol.md, section 8). */
export function addTaskRoutes(
  app: OpenAPIHono,
  tasks: Pick<TaskQueue, 'list'>,
  videos: Pick<VideoShelf, 'find'>,
  viewing: Pick<VideoViewing, 'of'>,
): void {
  app.openapi(listTasks, async c => {
    const { id } = c.req.valid('param');
    const video = await videos.find(id);
    const token = tokenOf(c.req.raw.headers, c.req.valid('query').token);
    const seen = video && (await viewing.of(video, { token, asker: () => askerOf(c) }));
    if (seen === undefined) throw noSuchVideo();
    const items = (await tasks.list(id)).map(({ task, state, percent, attempts, error }) => ({
      task,
      state,
      percent,
      attempts,
      error,
    }));
    return c.json({ items }, 200);
  });
}
