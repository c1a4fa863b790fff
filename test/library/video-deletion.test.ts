import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import t, { type Test } from 'tap';
import type { VideoEvent } from '../../src/api/event.ts';
import { TaskQueue } from '../../src/jobs/task-queue.ts';
import { DeletionStore } from '../../src/library/deletion-store.ts';
import { TranscriptStore } from '../../src/library/transcript-store.ts';
import { VideoDeletion } from '../../src/library/video-deletion.ts';
import { VideoStore } from '../../src/library/video-store.ts';
import { createLog } from '../../src/log.ts';
import { ContentDirectory } from '../../src/store/content-directory.ts';
import { startEmbedded } from './video-database.ts';

const server = await startEmbedded(t);
const database = await server.openEmpty();
const [videos, deletions] = [new VideoStore(database), new DeletionStore(database)];
let created = 0;

/** A library of its own folder in the one database; `stopped`: what was told to stop, and let go. */
async function startLibrary(t: Test) {
  const content = new ContentDirectory(await mkdtemp(join(tmpdir(), 'livereel-deletion-')));
  t.teardown(() => rm(content.root, { recursive: true, force: true }));
  await content.prepare();
  const [stopped, told]: [string[], VideoEvent[]] = [[], []];
  const open = () =>
    new VideoDeletion({
      deletions,
      content,
      sessions: { discard: async (id, { message }) => void stopped.push(`session ${id}: ${message}`) },
      work: [{ stop: id => void stopped.push(`work ${id}`) }],
      events: { report: event => void told.push(event) },
      log: createLog('silent'),
    });
  const newVideo = async (replyTo: string | null = null) => {
    created += 1;
    const id = `video${String(created).padStart(7, '0')}`;
    const rest = { visibility: 'public', input: 'chunks', language: 'auto', captions: true } as const;
    await videos.insert({ id, state: 'ready', title: 'A video', replyTo, ...rest });
    await mkdir(content.renditionDir(id, 'main'), { recursive: true });
    await writeFile(content.segmentFile(id, 'main', 0), 'media');
    await writeFile(content.videoFile(id), 'media');
    return id;
  };
  return { content, open, newVideo, stopped, told };
}

t.test('a video that was changed since somebody looked is kept', async t => {
  const { content, open, newVideo } = await startLibrary(t);
  const id = await newVideo();
  const seen = (await videos.find(id))?.updatedAt;
  await delay(2);
  const changed = await videos.update(id, { title: 'Dear to somebody' });
  t.equal(await open().deleteVideo(id, seen), false);
  t.ok(existsSync(content.videoFile(id)));
  t.equal(await open().deleteVideo(id, changed?.updatedAt), true);
  t.notOk(existsSync(content.videoDir(id)));
});

t.test('a deleted video leaves neither rows nor files, and its replies stay', async t => {
  const { content, open, newVideo, stopped, told } = await startLibrary(t);
  const id = await newVideo();
  const reply = await newVideo(id);
  const tasks = await TaskQueue.open(database, createLog('silent'));
  await tasks.enqueue(id, 'transcript');
  const transcripts = new TranscriptStore(database);
  await transcripts.keep(id, { language: 'en', final: true, model: 'tiny', segments: [] });

  t.equal(await open().deleteVideo(id), true);

  t.equal(await videos.find(id), undefined);
  t.same(await tasks.list(id), []);
  t.equal(await transcripts.find(id), undefined);
  t.notOk(existsSync(content.videoDir(id)));
  t.same(await readdir(content.deletedDir), []);
  t.equal((await videos.find(reply))?.replyTo, null);
  t.ok(existsSync(content.videoFile(reply)));
  t.same(stopped, [`work ${id}`, `session ${id}: this video was deleted`]);
  t.match(told, [{ event: 'deleted', data: { id } }]);
});

t.test('deleting from two sides at once, and once more, is no error', async t => {
  const { content, open, newVideo } = await startLibrary(t);
  const id = await newVideo();
  const [one, other] = [open(), open()];
  const found = await Promise.all([one.deleteVideo(id), one.deleteVideo(id), other.deleteVideo(id)]);
  t.equal(found.filter(Boolean).length, 1, 'one of them did it');
  await Promise.all([one.close(), other.close()]);
  t.notOk(existsSync(content.videoDir(id)));
  t.equal(await one.deleteVideo(id), false);
  t.equal(await one.deleteVideo('neverThere00'), false);
});

t.test(
  'what a process that died left half deleted has no address after the start, and then is gone',
  async t => {
    const { content, open, newVideo } = await startLibrary(t);
    const [marked, moved, alive] = [await newVideo(), await newVideo(), await newVideo()];
    for (const id of [marked, moved]) t.ok(await deletions.mark(id));
    await content.setAside(moved);
    await mkdir(join(content.deletedDir, 'someOlder000-1'), { recursive: true });

    const next = open();
    await next.resume();
    t.notOk(existsSync(content.videoDir(marked)), 'away before anyone can watch');
    await t.resolveMatch(eventuallyEmpty(content.deletedDir), []);
    await next.close();
    t.same(await deletions.unfinished(), []);
    t.ok(existsSync(content.videoFile(alive)), 'others stay');
  },
);

t.test('what another process writes after the deletion is found and removed', async t => {
  const { content, open, newVideo } = await startLibrary(t);
  const id = await newVideo();
  const deletion = open();
  await deletion.deleteVideo(id);
  await mkdir(content.videoDir(id));
  await writeFile(join(content.videoDir(id), 'thumbnail.jpg'), 'late');
  await deletion.sweep();
  t.ok(existsSync(content.videoDir(id)), 'it is given a while');
  await database.knex('deletions').update({ files_removed_at: new Date(Date.now() - 3_600_000) });
  await deletion.sweep();
  t.notOk(existsSync(content.videoDir(id)));
  t.ok(await deletions.find(id), 'known for a day');
  await database.knex('deletions').update({ files_removed_at: new Date(Date.now() - 90_000_000) });
  await deletion.sweep();
  t.equal(await deletions.find(id), undefined, 'then forgotten');
});

t.test('the files of a video that cannot be moved go at the next look', async t => {
  const { content, open, newVideo } = await startLibrary(t);
  const id = await newVideo();
  const broken = open();
  const rename = content.setAside.bind(content);
  content.setAside = async () => {
    throw new Error('EIO: i/o error');
  };
  await t.rejects(broken.deleteVideo(id), /EIO/);
  t.equal(await videos.find(id), undefined, 'nobody finds it any more');
  t.same(await deletions.unfinished(), [id]);
  content.setAside = rename;
  await broken.sweep();
  t.notOk(existsSync(content.videoDir(id)));
  t.same(await deletions.unfinished(), []);
});

async function eventuallyEmpty(folder: string): Promise<string[]> {
  for (let tries = 0; tries < 100; tries += 1) {
    const names = await readdir(folder);
    if (names.length === 0) return names;
    await new Promise(resolve => setTimeout(resolve, 20));
  }
  return await readdir(folder);
}
