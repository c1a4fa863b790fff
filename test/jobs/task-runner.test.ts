import t, { type Test } from 'tap';
import type { VideoEvent } from '../../src/api/event.ts';
import type { TaskName } from '../../src/api/task.ts';
import { LivereelError } from '../../src/errors.ts';
import type { TaskContext, TaskHandler } from '../../src/jobs/task-handler.ts';
import { TaskQueue } from '../../src/jobs/task-queue.ts';
import { TaskRunner, type TaskRunnerParts } from '../../src/jobs/task-runner.ts';
import { type VideoRow, VideoStore } from '../../src/library/video-store.ts';
import { createLog } from '../../src/log.ts';
import { startEmbedded } from '../library/video-database.ts';
import { eventually } from '../support/eventually.ts';

const log = createLog('silent');
const idOf = (number: number) => `video${String(number).padStart(7, '0')}`;

t.test('tasks are done', async t => {
  const server = await startEmbedded(t);

  /** A database with its queue; runners and handlers come as the test wants them. */
  const open = async (t: Test, ...states: ('processing' | 'ready')[]) => {
    const database = await server.openEmpty();
    const videos = new VideoStore(database);
    for (const [index, state] of states.entries()) await videos.insert({ ...shared, id: idOf(index), state });
    const queue = await TaskQueue.open(database, log);
    const events: VideoEvent[] = [];
    const runners: TaskRunner<VideoRow>[] = [];
    const run = (
      handlers: Partial<Record<TaskName, TaskHandler<VideoRow>['run']>>,
      parts: Partial<TaskRunnerParts<VideoRow>> & { failed?: TaskHandler<VideoRow>['failed'] } = {},
    ) => {
      const runner = new TaskRunner<VideoRow>({
        queue,
        handlers: Object.entries(handlers).map(([task, work]) => ({
          task: task as TaskName,
          limitSeconds: () => 60,
          run: work,
          ...(parts.failed && { failed: parts.failed }),
        })),
        findVideo: id => videos.find(id),
        events: { report: event => events.push(event) },
        load: async () => ({ cores: 2, liveSessions: 0 }),
        workerId: 'a test',
        retrySeconds: 0.2,
        log,
        ...parts,
      });
      runners.push(runner);
      runner.start();
      return runner;
    };
    t.teardown(async () => {
      for (const runner of runners) await runner.close();
      await queue.close();
    });
    const stateOf = async (index: number, task: TaskName) =>
      (await queue.list(idOf(index))).find(one => one.task === task);
    const until = (index: number, task: TaskName, state: string) =>
      eventually(async () => (await stateOf(index, task))?.state === state, { what: `${task} is ${state}` });
    return { database, videos, queue, events, run, stateOf, until };
  };

  t.test('once, when the video is ready, however often they were wanted; progress is told', async t => {
    const { queue, videos, run, events, until, stateOf } = await open(t, 'processing');
    let runs = 0;
    run({
      thumbnail: async (video, { progress, attempt }) => {
        runs += 1;
        progress(40.7);
        progress(41);
        t.match({ id: video.id, attempt }, { id: idOf(0), attempt: 1 });
      },
    });
    await queue.enqueue(idOf(0), 'thumbnail');
    await queue.enqueue(idOf(0), 'thumbnail');
    await queue.enqueue(idOf(9), 'thumbnail');
    t.match(await stateOf(0, 'thumbnail'), { state: 'waiting', percent: 0, attempts: 0, error: null });
    t.same(await queue.counts(), [{ task: 'thumbnail', state: 'waiting', count: 1, oldestSeconds: 0 }]);
    await videos.update(idOf(0), { state: 'ready' });
    const releasedAt = performance.now();
    await queue.release(idOf(0));
    await until(0, 'thumbnail', 'done');
    t.ok(performance.now() - releasedAt < 1_000, 'at once: nobody polls');
    await queue.enqueue(idOf(0), 'thumbnail');
    await queue.release(idOf(0));
    t.match(await stateOf(0, 'thumbnail'), { state: 'done', percent: 100, attempts: 1 });
    t.equal(runs, 1);
    await eventually(() => events.length === 2, { what: 'progress is told' });
    t.same(
      events.map(({ data }) => data),
      [40, 100].map(percent => ({ id: idOf(0), task: 'thumbnail', percent })),
    );
  });

  t.test('a poison file fails once with its reason and blocks nobody; others are tried again', async t => {
    const { queue, run, until, stateOf } = await open(t, 'ready', 'ready', 'ready');
    const tries = new Map<string, number>();
    const failed: string[] = [];
    run(
      {
        thumbnail: async ({ id }) => {
          tries.set(id, (tries.get(id) ?? 0) + 1);
          if (id === idOf(0)) throw new LivereelError('media-unusable', 'There is no picture in it.');
          if (id === idOf(1) && tries.get(id) === 1) throw new Error('not now');
          if (id === idOf(2)) throw new Error('never');
        },
      },
      {
        retrySeconds: 0.01,
        failed: async ({ id }, error) => {
          failed.push(`${id} ${error.message}`);
        },
      },
    );
    for (const index of [0, 1, 2]) await queue.enqueue(idOf(index), 'thumbnail');
    await until(0, 'thumbnail', 'failed');
    await until(1, 'thumbnail', 'done');
    t.match(await stateOf(0, 'thumbnail'), { attempts: 1, error: 'There is no picture in it.' });
    t.match(await stateOf(1, 'thumbnail'), { attempts: 2, error: null });
    await until(2, 'thumbnail', 'failed');
    t.match(await stateOf(2, 'thumbnail'), {
      attempts: 5,
      error: 'It was tried 5 times without success (never).',
    });
    t.same(failed, [
      `${idOf(0)} There is no picture in it.`,
      `${idOf(2)} It was tried 5 times without success (never).`,
    ]);
    t.match(
      (await queue.counts()).map(({ task, state, count }) => `${count} ${task} ${state}`),
      ['2 thumbnail failed'],
      'what is over and well is not counted',
    );
  });

  t.test('what a process left when it died goes on with its next life', async t => {
    const { queue, run, until, stateOf, database } = await open(t, 'ready', 'ready');
    // A process that took two tasks, and was never heard of again; and one that has no next life.
    for (const index of [0, 1]) await queue.enqueue(idOf(index), 'thumbnail');
    t.match(await queue.store.take('prompt', 'a test'), { videoId: idOf(0), attempts: 1 });
    t.match(await queue.store.take('prompt', 'another'), { videoId: idOf(1), attempts: 1 });
    await database
      .knex('video_tasks')
      .where({ worker_id: 'another' })
      .update({ heartbeat_at: new Date(0) });
    t.match(await stateOf(0, 'thumbnail'), { state: 'running' });
    const startedAt = performance.now();
    run({ thumbnail: async () => undefined });
    await until(0, 'thumbnail', 'done');
    t.ok(performance.now() - startedAt < 5_000, 'within seconds');
    t.match(await stateOf(0, 'thumbnail'), { attempts: 2 });
    await until(1, 'thumbnail', 'done');
    t.match(await stateOf(1, 'thumbnail'), { attempts: 2 });
  });

  t.test('a process that stops puts back what it works on, as if it was never begun', async t => {
    const { queue, run, stateOf } = await open(t, 'ready');
    const runner = run({ ladder: hang });
    await queue.enqueue(idOf(0), 'ladder');
    await eventually(async () => (await stateOf(0, 'ladder'))?.state === 'running', { what: 'it runs' });
    await runner.close();
    t.match(await stateOf(0, 'ladder'), { state: 'waiting', attempts: 0, error: null });
    t.match(await queue.store.take('patient', 'the next'), { videoId: idOf(0), attempts: 1 });
  });

  t.test('cancelled with a reason, waiting or under way; begun anew while it runs', async t => {
    const { queue, run, stateOf, until } = await open(t, 'ready', 'ready');
    let begun = 0;
    run({
      ladder: async (_, context) => {
        begun += 1;
        if (begun < 3) await hang(_, context);
      },
    });
    for (const index of [0, 1]) await queue.enqueue(idOf(index), 'ladder');
    await eventually(() => begun === 1, { what: 'the first runs' });
    t.equal(await queue.position(idOf(1), 'ladder'), 0);
    t.equal(await queue.position(idOf(0), 'ladder'), null);
    await queue.cancel(idOf(1), 'You cancelled it.');
    t.match(await stateOf(1, 'ladder'), { state: 'failed', attempts: 0, error: 'You cancelled it.' });
    await queue.cancel(idOf(0), 'You cancelled it.', 'ladder');
    await until(0, 'ladder', 'failed');
    t.match(await stateOf(0, 'ladder'), { error: 'You cancelled it.' });
    t.equal(await queue.again(idOf(1), 'ladder'), true);
    await eventually(() => begun === 2, { what: 'it runs after all' });
    t.equal(await queue.again(idOf(1), 'ladder'), true);
    await until(1, 'ladder', 'done');
    t.match(await stateOf(1, 'ladder'), { attempts: 1, error: null });
    t.equal(begun, 3);
    t.equal(await queue.again(idOf(1), 'preview'), false, 'what was never wanted is not begun');
  });

  t.test('a video that goes takes its tasks along, also those under way', async t => {
    const { queue, run, videos } = await open(t, 'ready');
    let ended: unknown;
    run({
      ladder: (video, context) =>
        hang(video, context).catch(error => {
          ended = error;
          throw error;
        }),
    });
    await queue.enqueue(idOf(0), 'ladder');
    await eventually(async () => (await queue.list(idOf(0)))[0]?.state === 'running', { what: 'it runs' });
    await videos.remove(idOf(0));
    await eventually(() => ended !== undefined, { what: 'it ends' });
    t.same(await queue.list(idOf(0)), []);
  });

  t.test('what takes too long is ended and tried again', async t => {
    const { queue, run, stateOf } = await open(t, 'ready');
    const handler: TaskHandler<VideoRow> = { task: 'preview', limitSeconds: () => 0.1, run: hang };
    run({}, { handlers: [handler], retrySeconds: 100 });
    await queue.enqueue(idOf(0), 'preview');
    await eventually(async () => (await stateOf(0, 'preview'))?.error !== null, { what: 'it is ended' });
    t.match(await stateOf(0, 'preview'), {
      state: 'waiting',
      attempts: 1,
      error: 'It took longer than 0 s.',
    });
  });
});

const shared = {
  title: 't',
  visibility: 'public',
  input: 'chunks',
  language: 'auto',
  captions: true,
} as const;

/** Works until it is told to end. */
async function hang(_: VideoRow, { signal }: Pick<TaskContext, 'signal'>): Promise<void> {
  await new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    if (signal.aborted) reject(signal.reason);
  });
}
