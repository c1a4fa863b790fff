import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { UsageStore } from '../../src/accounts/usage-store.ts';
import { Retention } from '../../src/library/retention.ts';
import { StorageStore } from '../../src/library/storage-store.ts';
import { StorageUse } from '../../src/library/storage-use.ts';
import { type NewVideo, VideoStore } from '../../src/library/video-store.ts';
import { createLog } from '../../src/log.ts';
import { ContentDirectory } from '../../src/store/content-directory.ts';
import { randomId } from '../../src/store/random-id.ts';
import { newPerson } from '../webhooks/running-webhooks.ts';
import { startEmbedded } from './video-database.ts';

const server = await startEmbedded(t);
const log = createLog('silent');
const rest = {
  title: 'A video',
  visibility: 'public',
  input: 'chunks',
  language: 'auto',
  captions: true,
} as const;

t.test(
  'what videos take of the disk is counted with all their files, and again when they change',
  async t => {
    const database = await server.openEmpty();
    const videos = new VideoStore(database);
    const content = new ContentDirectory(await mkdtemp(join(tmpdir(), 'livereel-storage-')));
    t.teardown(() => rm(content.root, { recursive: true, force: true }));
    const store = new StorageStore(database);
    const use = new StorageUse(content, store, log);
    const { accountId } = await newPerson(database);
    const id = randomId();
    await videos.insert({ ...rest, id, state: 'ready', ownerId: accountId, sizeBytes: 5 });
    t.equal(await store.usedBy(accountId), 5, 'before it is counted: its MP4');
    await mkdir(content.renditionDir(id, 'main'), { recursive: true });
    await writeFile(content.videoFile(id), 'x'.repeat(1_000));
    await writeFile(content.segmentFile(id, 'main', 0), 'x'.repeat(900));
    await writeFile(join(content.videoDir(id), 'thumbnail.jpg'), 'x'.repeat(100));
    await use.sweep();
    t.equal(await store.usedBy(accountId), 2_000);
    t.match(await new UsageStore(database).of(accountId), { sizeBytes: 2_000 }, 'what the quota is about');
    t.same(await store.uncounted(new Date(), 10), [], 'counted once');

    await writeFile(join(content.videoDir(id), 'preview.webp'), 'x'.repeat(500));
    await database
      .knex('video_tasks')
      .insert({ video_id: id, task: 'preview', updated_at: new Date(Date.now() + 60_000) });
    await use.sweep();
    t.equal(await store.usedBy(accountId), 2_500, 'a task has made something');
    await videos.remove(id);
    t.equal(await store.usedBy(accountId), 0, 'what is deleted counts no more');
  },
);

t.test('only what is old and over is deleted, oldest first, some at a time', async t => {
  const database = await server.openEmpty();
  const videos = new VideoStore(database);
  const store = new StorageStore(database);
  const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000);
  const make = async (days: number, more: Partial<NewVideo> = {}) => {
    const id = randomId();
    await videos.insert({ ...rest, id, state: 'ready', createdAt: daysAgo(days), ...more });
    return id;
  };
  const old = [await make(40), await make(35), await make(31, { state: 'failed' })];
  for (const state of ['created', 'live', 'interrupted', 'uploading', 'processing'] as const)
    await make(50, { state });
  await make(29);
  await make(45, { endedAt: daysAgo(1) });
  const busy = await make(60);
  await database.knex('video_tasks').insert({ video_id: busy, task: 'storyboard', state: 'running' });
  t.same(await store.overBefore(daysAgo(30), 2), old.slice(0, 2), 'two at a time');
  const deletion = { deleteVideo: (id: string) => videos.remove(id) };
  const retention = new Retention(30, store, deletion, log);
  t.equal(await retention.sweep(), 3);
  for (const id of old) t.equal(await videos.find(id), undefined);
  t.equal((await videos.list({ limit: 100 })).items.length, 8, 'all others stay');
  t.equal(await retention.sweep(), 0);
});
