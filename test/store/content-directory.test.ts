import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { ContentDirectory } from '../../src/store/content-directory.ts';

const root = await mkdtemp(join(tmpdir(), 'livereel-content-'));
const content = new ContentDirectory(root);
const id = 'f3Kq9ZtA1bXy';
t.teardown(() => rm(root, { recursive: true, force: true }));

t.test('everything of a video lies below its id', async t => {
  t.equal(content.segmentFile(id, 'main', 12), join(root, id, 'hls/main/000012.m4s'));
  t.equal(content.openSegmentFile(id, 'main', 12), join(root, id, 'hls/main/000012.open'));
  t.equal(content.initFile(id, 'main', 0), join(root, id, 'hls/main/init-0.mp4'));
  t.equal(content.mediaPlaylistFile(id, 'main'), join(root, id, 'hls/main/stream.m3u8'));
  t.equal(content.multivariantPlaylistFile(id), join(root, id, 'hls/index.m3u8'));
  t.equal(content.journalDir(id), join(root, id, 'journal'));
  t.equal(content.videoFile(id), join(root, id, 'video.mp4'));
});

t.test('what is no id or rendition never becomes a path', async t => {
  for (const name of ['', '..', '../../../etc', 'f3Kq9ZtA1bX', 'f3Kq9ZtA1bXyz', 'f3Kq9ZtA1bX/', `${id}\n`]) {
    t.throws(() => content.videoDir(name), { code: 'not-found' }, JSON.stringify(name));
  }
  t.throws(() => content.renditionDir(id, '../journal'), { code: 'not-found' });
});

t.test('it is made, listed, measured and emptied', async t => {
  await content.prepare();
  await content.prepare();
  t.equal((await stat(content.runDir)).mode & 0o777, 0o700);
  await mkdir(content.journalDir(id), { recursive: true });
  await writeFile(content.videoFile(id), 'x');
  await mkdir(join(root, 'postgres'));
  t.same(await content.ids(), [id]);
  const { freeBytes, totalBytes } = await content.freeBytes();
  t.ok(freeBytes > 0 && freeBytes <= totalBytes);
  await content.removeVideo(id);
  await content.removeVideo(id);
  t.same(await content.ids(), []);
});

t.test('sockets have an address that is short enough, however long the path', async t => {
  const long = new ContentDirectory(join(root, 'x'.repeat(200)));
  t.ok(Buffer.byteLength(long.dataSocket) <= 103);
  t.equal(new ContentDirectory(long.root).apiSocket, long.apiSocket);
  t.equal(content.dataSocket, join(root, 'run/data.sock'));
});
