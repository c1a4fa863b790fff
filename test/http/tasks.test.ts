import t from 'tap';
import { type VideoTasks, videoTasks } from '../../src/api/task.ts';
import { startApi } from './running-api.ts';

const { call, database, state, tasks, videos } = await startApi(t);

const ada = { kind: 'person', accountId: 'adaadaadaada', role: 'user', level: 'free', login: null } as const;
const bob = { ...ada, accountId: 'bobbobbobbob' };
const admin = { ...ada, accountId: 'adminadminad', role: 'admin' } as const;
const id = 'video0000001';
await database.run(knex =>
  knex('accounts').insert({ id: ada.accountId, email: 'ada@x.example', name: 'Ada', password_hash: '' }),
);
await videos.insert({
  ...{ id, title: 'A talk', ownerId: ada.accountId, visibility: 'public', state: 'ready', input: 'upload' },
  ...{ language: 'auto', captions: true },
});
await tasks.enqueue(id, 'thumbnail', 'loudness');

/** As if a worker had taken the first task and come to an end with it. */
async function fail(reason: string): Promise<void> {
  const attempt = await tasks.store.take('prompt', 'a test');
  t.match(attempt, { task: 'thumbnail' });
  if (attempt) await tasks.store.fail(attempt, reason);
}
const retry = (task: string, of = id) => call(`/api/v1/videos/${of}/tasks/${task}/retry`, { method: 'POST' });
const listed = async (): Promise<VideoTasks['items']> =>
  videoTasks.parse((await call(`/api/v1/videos/${id}/tasks`)).json).items;

t.test('its owner begins a failed task again, and only one that is over', async t => {
  state.asker = ada;
  t.match(await retry('thumbnail'), { status: 409, json: { code: 'task-not-over', detail: /due already/ } });
  await fail('There is no picture in this video.');
  t.match(
    (await listed()).find(({ task }) => task === 'thumbnail'),
    { state: 'failed', error: 'There is no picture in this video.' },
  );
  state.asker = bob;
  t.match(
    (await listed()).find(({ task }) => task === 'thumbnail'),
    { state: 'failed', error: null },
    'why, is nothing for others',
  );
  state.asker = ada;
  const answers = await Promise.all([retry('thumbnail'), retry('thumbnail')]);
  t.same(answers.map(({ status }) => status).sort(), [202, 409], 'once, when two ask at the same moment');
  t.same(answers.find(({ status }) => status === 202)?.json, {
    task: 'thumbnail',
    state: 'waiting',
    percent: 0,
    attempts: 0,
    error: null,
  });
  const attempt = await tasks.store.take('prompt', 'a test');
  t.match(attempt, { task: 'thumbnail', attempts: 1 }, 'a worker gets it');
  t.match(await retry('thumbnail'), { status: 409, json: { code: 'task-not-over', detail: /being done/ } });
  if (attempt) await tasks.store.finish(attempt);
  t.match(await retry('thumbnail'), { status: 202 }, 'one that is done, too');
});

t.test('what is not made of it, or not in this way, is refused', async t => {
  state.asker = ada;
  t.match(await retry('ladder'), { status: 404, json: { code: 'task-not-found' } });
  t.match(await retry('thumbnail', 'video0000002'), { status: 404, json: { code: 'not-found' } });
  t.match(await retry('dance'), { status: 404, json: { code: 'not-found' } });
  for (const task of ['process', 'import'])
    t.match(await retry(task), { status: 409, json: { code: 'task-not-repeatable' } }, task);
});

t.test("nobody begins anything of somebody else's", async t => {
  state.asker = bob;
  t.match(await retry('thumbnail'), { status: 403, json: { code: 'forbidden' } });
  for (const asker of [{ kind: 'anyone' }, { kind: 'owner-of-all' }] as const) {
    state.asker = asker;
    t.match(await retry('thumbnail'), { status: 401, json: { code: 'unauthorized' } }, asker.kind);
  }
  await videos.update(id, { visibility: 'private' });
  state.asker = bob;
  t.match(await retry('thumbnail'), { status: 404, json: { code: 'not-found' } }, 'not even that it exists');
  state.asker = admin;
  t.match(await retry('thumbnail'), { status: 409, json: { code: 'task-not-over' } }, 'an admin may');
});
