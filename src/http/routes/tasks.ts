import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { videoId } from '../../api/session.ts';
import { taskNames, type VideoTaskAnswer, videoTask, videoTasks } from '../../api/task.ts';
import type { TaskQueue } from '../../jobs/task-queue.ts';
import type { VideoTask } from '../../jobs/task-store.ts';
import type { VideoViewing } from '../../library/video-viewing.ts';
import { credentialsOf } from '../asker.ts';
import { allowChange, isChanger, noSuchVideo } from '../change-access.ts';
import { problems } from '../problem-schema.ts';
import { owners, type SessionDoor } from './sessions.ts';
import type { VideoShelf } from './videos.ts';

const query = z.object({ token: z.string().max(4096).optional() });

const listTasks = createRoute({
  method: 'get',
  path: '/api/v1/videos/{id}/tasks',
  operationId: 'listTasks',
  tags: ['videos'],
  summary: 'What is made of a video in the background',
  description: 'Each with how far it is; why it failed is told to who may change the video.',
  security: [{}, ...owners, { ingestToken: [] }, { ingestTokenInQuery: [] }],
  request: { params: z.object({ id: videoId }), query },
  responses: {
    200: { description: 'The tasks.', content: { 'application/json': { schema: videoTasks } } },
    ...problems('validation-failed', 'not-found'),
  },
});

const retryTask = createRoute({
  method: 'post',
  path: '/api/v1/videos/{id}/tasks/{task}/retry',
  operationId: 'retryTask',
  tags: ['videos'],
  summary: 'Begin a task again that failed or is done',
  description:
    'As the owner of the video, or with the ingest token of its session. What was made before is there until the new one is. An import is tried again by `POST /api/v1/imports/{id}/retry`; a file that no video could be made of is sent again.',
  security: [...owners, { ingestToken: [] }, { ingestTokenInQuery: [] }],
  request: {
    params: z.object({
      id: videoId,
      task: z.enum(taskNames).meta({ description: 'What is made.', examples: ['thumbnail'] }),
    }),
    query,
  },
  responses: {
    202: {
      description: 'It is due.',
      content: { 'application/json': { schema: videoTask } },
    },
    ...problems('validation-failed', 'unauthorized', 'bad-token', 'forbidden', 'cross-site-request'),
    ...problems('not-found', 'task-not-found', 'task-not-over', 'task-not-repeatable'),
  },
});

/** What the routes of tasks are built from. */
export type TaskRouteParts = {
  readonly tasks: Pick<TaskQueue, 'list' | 'retry'>;
  readonly videos: Pick<VideoShelf, 'find'>;
  readonly sessions: Pick<SessionDoor, 'authorizes'>;
  readonly playback: { readonly viewing: Pick<VideoViewing, 'of'> };
};

/** Declares what tells how far a video's tasks are, and begins them again (docs/protocol.md, section 8). */
export function addTaskRoutes(app: OpenAPIHono, parts: TaskRouteParts): void {
  const {
    tasks,
    videos,
    playback: { viewing },
  } = parts;

  app.openapi(listTasks, async c => {
    const { id } = c.req.valid('param');
    const video = await videos.find(id);
    if (video === undefined || !(await viewing.of(video, credentialsOf(c)))) throw noSuchVideo();
    const items = (await tasks.list(id)).map(present);
    const isWhole = items.every(({ error }) => error === null) || (await isChanger(c, video, parts.sessions));
    return c.json({ items: isWhole ? items : items.map(item => ({ ...item, error: null })) }, 200);
  });

  app.openapi(retryTask, async c => {
    const { id, task } = c.req.valid('param');
    await allowChange(c, id, parts);
    await tasks.retry(id, task);
    const due = (await tasks.list(id)).find(each => each.task === task);
    // Deleted in between.
    if (due === undefined) throw noSuchVideo();
    return c.json(present(due), 202);
  });
}

function present({ task, state, percent, attempts, error }: VideoTask): VideoTaskAnswer {
  return { task, state, percent, attempts, error };
}
