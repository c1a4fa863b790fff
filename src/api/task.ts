import { z } from 'zod';

/**
 * What can be made of a video. `process` makes an upload or an import playable, `import` fetches one; the others are
 * made of a video that is ready.
 */
export const taskNames = [
  'import',
  'process',
  'thumbnail',
  'preview',
  'storyboard',
  'loudness',
  'ladder',
  'transcript',
] as const;
export type TaskName = (typeof taskNames)[number];

/** How far a task is: due, being worked on, or over. */
export const taskStates = ['waiting', 'running', 'done', 'failed'] as const;

/** Something that is made of a video, and how far it is. */
export const videoTask = z
  .object({
    task: z
      .string()
      .meta({ description: `What is made: ${taskNames.map(name => `\`${name}\``).join(', ')}.` }),
    state: z.enum(taskStates),
    percent: z.number().int().min(0).max(100),
    attempts: z.number().int().min(0),
    error: z.string().nullable().meta({
      description: 'Why it failed, or is tried again; null for those who may not change the video.',
    }),
  })
  .meta({
    id: 'VideoTask',
    examples: [{ task: 'thumbnail', state: 'waiting', percent: 0, attempts: 0, error: null }],
  });
export type VideoTaskAnswer = z.infer<typeof videoTask>;

/** Answer of `GET /api/v1/videos/<id>/tasks` (docs/protocol.md, section 8): what is made of a video, and how far it is. */
export const videoTasks = z.object({ items: z.array(videoTask) }).meta({
  id: 'VideoTasks',
  examples: [{ items: [{ task: 'transcript', state: 'running', percent: 40, attempts: 1, error: null }] }],
});
export type VideoTasks = z.infer<typeof videoTasks>;
