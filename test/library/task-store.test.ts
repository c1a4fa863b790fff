import t from 'tap';
import { TaskStore, type VideoTask } from '../../src/library/task-store.ts';
import { VideoStore } from '../../src/library/video-store.ts';
import { startEmbedded } from './video-database.ts';

const idOf = (number: number) => `video${String(number).padStart(7, '0')}`;

t.test('tasks in the database', async t => {
  const server = await startEmbedded(t);
  const open = async (...states: ('processing' | 'ready')[]) => {
    const database = await server.openEmpty();
    const videos = new VideoStore(database);
    const shared = {
      title: 't',
      visibility: 'public',
      input: 'chunks',
      language: 'auto',
      captions: true,
    } as const;
    for (const [index, state] of states.entries()) await videos.insert({ ...shared, id: idOf(index), state });
    return { videos, tasks: new TaskStore(database) };
  };
  const stateOf = async (tasks: TaskStore, id: string) => (await tasks.list(id))[0];

  t.test('a task waits until its video is ready, is begun, goes on and is done', async t => {
    const { tasks, videos } = await open('processing');
    await tasks.add(idOf(0), 'transcript');
    await tasks.add(idOf(0), 'transcript');
    t.equal(await tasks.next('transcript'), undefined);
    await videos.update(idOf(0), { state: 'ready' });
    const task = (await tasks.next('transcript')) as VideoTask;
    t.match(task, {
      videoId: idOf(0),
      task: 'transcript',
      state: 'waiting',
      percent: 0,
      attempts: 0,
      error: null,
    });
    t.ok(task.dueAt <= new Date());
    await tasks.begin(task);
    t.equal(await tasks.next('transcript'), undefined);
    await tasks.progress(idOf(0), 'transcript', 40);
    t.match(await stateOf(tasks, idOf(0)), { state: 'running', percent: 40, attempts: 1 });
    await tasks.finish(idOf(0), 'transcript');
    t.match(await stateOf(tasks, idOf(0)), { state: 'done', percent: 100, attempts: 1 });
    await tasks.add(idOf(0), 'transcript');
    t.equal(await tasks.next('transcript'), undefined, 'done is done');
    await tasks.again(idOf(0), 'transcript');
    t.match(await tasks.next('transcript'), { videoId: idOf(0), attempts: 0 }, 'unless it is wanted again');
  });

  t.test('what does not work is due later, or never again; the oldest comes first', async t => {
    const { tasks } = await open('ready', 'ready', 'ready');
    for (const index of [0, 1, 2]) await tasks.add(idOf(index), 'transcript');
    const [first, second] = [await tasks.next('transcript'), idOf(1)] as [VideoTask, string];
    t.equal(first.videoId, idOf(0));
    await tasks.begin(first);
    const dueAt = new Date(Date.now() + 60_000);
    await tasks.retry(idOf(0), 'transcript', 'not now', dueAt);
    t.match(await stateOf(tasks, idOf(0)), { state: 'waiting', attempts: 1, error: 'not now', dueAt });
    const next = (await tasks.next('transcript')) as VideoTask;
    t.equal(next.videoId, second);
    await tasks.begin(next);
    await tasks.fail(second, 'transcript', 'poison');
    t.match(await stateOf(tasks, second), { state: 'failed', error: 'poison' });
    t.match(await tasks.next('transcript'), { videoId: idOf(2) });
  });

  t.test('what a dead server worked on is found; what a stopping one did was no attempt', async t => {
    const { tasks } = await open('ready');
    await tasks.add(idOf(0), 'transcript');
    const task = (await tasks.next('transcript')) as VideoTask;
    await tasks.begin(task);
    t.match(await tasks.interrupted('transcript'), [{ videoId: idOf(0), attempts: 1 }]);
    await tasks.release(task);
    t.match(await tasks.next('transcript'), { attempts: 0, state: 'waiting' });
  });

  t.test('wanted again while it runs: the end of that run does not end it', async t => {
    const { tasks } = await open('ready');
    await tasks.add(idOf(0), 'transcript');
    await tasks.begin((await tasks.next('transcript')) as VideoTask);
    await tasks.again(idOf(0), 'transcript');
    await tasks.finish(idOf(0), 'transcript');
    t.match(await tasks.next('transcript'), { state: 'waiting', percent: 0 });
  });

  t.test('a video that goes takes its tasks along', async t => {
    const { tasks, videos } = await open('ready');
    await tasks.add(idOf(0), 'transcript');
    await videos.remove(idOf(0));
    t.same(await tasks.list(idOf(0)), []);
  });
});
