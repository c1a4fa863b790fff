import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { DeletionStore } from '../../src/library/deletion-store.ts';
import { type NewVideo, VideoStore } from '../../src/library/video-store.ts';
import { createLog } from '../../src/log.ts';
import { ContentLock } from '../../src/process/content-lock.ts';
import { EmbeddedPostgres } from '../../src/process/embedded-postgres.ts';
import { ContentDirectory } from '../../src/store/content-directory.ts';
import { openDatabase } from '../../src/store/database.ts';
import { randomId } from '../../src/store/random-id.ts';

const run = promisify(execFile);
const log = createLog('silent');

type Found = { type: string; check: string; subject: string | null; isMended?: boolean; found?: number };

/** `livereel doctor --json`, as a person's script would run it. */
async function doctor(contentDir: string, args: string[] = [], env: NodeJS.ProcessEnv = {}) {
  const command = ['--import', 'tsx', 'src/main.ts', 'doctor', '--json', ...args];
  const settings = { CONTENT_DIR: contentDir, MIN_FREE_DISK_BYTES: '0', MIN_FREE_DISK_RATIO: '0', ...env };
  const { stdout, code } = await run(process.execPath, command, {
    env: { ...process.env, ...settings },
  }).then(
    ({ stdout }) => ({ stdout, code: 0 }),
    (error: { stdout: string; code: number }) => ({ stdout: error.stdout, code: error.code }),
  );
  const lines = stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as Found);
  const findings = lines.filter(({ type }) => type === 'finding');
  return { code, findings, names: findings.map(({ check, subject }) => `${check} ${subject}`).sort() };
}

/** What stands where, and what is in it: whether a look changed anything. */
async function snapshot(root: string): Promise<string> {
  const hash = createHash('sha256');
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const paths = entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name));
  // The database writes on its own, and the lock says who holds it.
  const ours = paths.filter(path => !/\/postgres\/|\.lock$/.test(path)).sort();
  for (const path of ours)
    hash
      .update(path)
      .update(await readFile(path))
      .update(String((await stat(path)).mode));
  return hash.digest('hex');
}

t.test('what is broken is found, told, and mended as far as it can be', async t => {
  const root = await mkdtemp(join(tmpdir(), 'livereel-doctor-'));
  t.teardown(() => rm(root, { recursive: true, force: true }));
  const content = new ContentDirectory(root);
  await content.prepare();
  const withDatabase = async <T>(
    work: (parts: Awaited<ReturnType<typeof stores>>) => Promise<T>,
  ): Promise<T> => {
    const postgres = await EmbeddedPostgres.start({ contentDir: root, runDir: content.runDir, log });
    const database = await openDatabase({ connection: postgres.connection, log });
    try {
      return await work(await stores(database));
    } finally {
      await database.close();
      await postgres.close();
    }
  };
  const template = join(root, 'template');
  await mkdir(join(template, 'hls', 'main'), { recursive: true });
  const source = [
    '-v',
    'error',
    '-f',
    'lavfi',
    '-i',
    'testsrc=size=128x96:rate=10',
    '-t',
    '3',
    '-g',
    '10',
    '-c:v',
    'libx264',
  ];
  const names = [
    '-hls_fmp4_init_filename',
    'init-0.mp4',
    '-hls_segment_filename',
    join(template, 'hls/main/%06d.m4s'),
  ];
  const hls = [
    '-f',
    'hls',
    '-hls_time',
    '1',
    '-hls_playlist_type',
    'vod',
    '-hls_segment_type',
    'fmp4',
    ...names,
  ];
  await run('ffmpeg', [...source, ...hls, join(template, 'hls/main/stream.m3u8')]);
  await run('ffmpeg', [...source, '-movflags', '+faststart', join(template, 'video.mp4')]);
  const { size } = await stat(join(template, 'video.mp4'));

  const ids = await withDatabase(async ({ videos, deletions, database }) => {
    const make = async (more: Partial<NewVideo> = {}) => {
      const id = randomId();
      const rest = {
        title: 'A video',
        visibility: 'public',
        input: 'chunks',
        language: 'auto',
        captions: true,
      } as const;
      await videos.insert({ ...rest, id, state: 'ready', sizeBytes: size, ...more });
      await cp(template, content.videoDir(id), { recursive: true });
      return id;
    };
    const made = {
      whole: await make(),
      live: await make({ state: 'live' }),
      orphan: await make(),
      empty: await make(),
      noFile: await make(),
      garbage: await make(),
      gap: await make(),
      grown: await make({ sizeBytes: size + 1 }),
      half: await make(),
      journal: await make(),
      kept: await make({ journalKept: true }),
      deleted: await make(),
      stuck: await make(),
    };
    await videos.remove(made.orphan);
    await deletions.mark(made.deleted);
    const task = { video_id: made.stuck, task: 'preview', state: 'running', updated_at: new Date(0) };
    await database.knex('video_tasks').insert(task);
    return made;
  });
  await rm(template, { recursive: true });
  await rm(content.videoDir(ids.empty), { recursive: true });
  await rm(content.videoFile(ids.noFile));
  await writeFile(content.videoFile(ids.garbage), 'this is no video');
  await rm(content.segmentFile(ids.gap, 'main', 1));
  await writeFile(content.openSegmentFile(ids.half, 'main', 3), 'half');
  await writeFile(`${content.videoFile(ids.half)}.new`, 'half');
  for (const id of [ids.journal, ids.kept, ids.live]) {
    await mkdir(content.journalDir(id));
    await writeFile(join(content.journalDir(id), '000001.log'), 'bytes');
  }
  await writeFile(content.openSegmentFile(ids.live, 'main', 3), 'being written');
  await writeFile(content.authSecretFile, 'x'.repeat(43));
  await chmod(content.authSecretFile, 0o644);
  await writeFile(
    join(content.runDir, 'nginx.pid'),
    JSON.stringify({ pid: 2 ** 22, startTime: '-', program: 'nginx' }),
  );
  await mkdir(join(content.tmpDir, 'task-1'));
  await writeFile(join(content.tmpDir, 'task-1', 'thumbnail.jpg'), 'half');
  const old = new Date(Date.now() - 3_600_000);
  for (const entry of await readdir(root, { recursive: true })) {
    if (/^[0-9A-Za-z]{12}(\/|$)/.test(entry)) await utimes(join(root, entry), old, old);
  }

  const before = await snapshot(root);
  const look = await doctor(root, [], { NGINX_PATH: '/nowhere/nginx', MIN_FREE_DISK_RATIO: '1' });
  t.equal(look.code, 1);
  t.same(
    look.names,
    [
      'program-missing /nowhere/nginx',
      'disk-low null',
      'wrong-permissions auth-secret',
      'stale-process-file run/nginx.pid',
      'half-written tmp/task-1',
      `unfinished-deletion ${ids.deleted}`,
      `orphan-folder ${ids.orphan}`,
      `files-missing ${ids.empty}`,
      `files-missing ${ids.noFile}`,
      `broken-file ${ids.garbage}`,
      `broken-playlist ${ids.gap}`,
      `size-differs ${ids.grown}`,
      `half-written ${ids.half}`,
      `half-written ${ids.half}`,
      `journal-left ${ids.journal}`,
      `stuck-task ${ids.stuck}`,
    ].sort(),
  );
  t.equal(await snapshot(root), before, 'a look changes nothing');

  const lock = await ContentLock.take(content.lockFile);
  await lock.close();
  const mended = await doctor(root, ['--fix']);
  t.equal(mended.code, 1, 'a segment that is lost is lost');
  const unmended = mended.findings.filter(({ isMended }) => !isMended).map(({ check }) => check);
  t.same(unmended.sort(), ['broken-playlist', 'stuck-task']);
  const again = await doctor(root);
  t.same(again.names, [`broken-playlist ${ids.gap}`, `stuck-task ${ids.stuck}`].sort(), 'the rest is mended');

  t.ok(
    existsSync(join(root, 'orphans', ids.orphan, 'video.mp4')),
    'nothing that was recorded is thrown away',
  );
  t.notOk(existsSync(content.videoDir(ids.deleted)));
  t.ok(existsSync(content.openSegmentFile(ids.live, 'main', 3)), 'what is live is left alone');
  t.ok(existsSync(content.journalDir(ids.live)) && existsSync(content.journalDir(ids.kept)));
  t.notOk(existsSync(content.journalDir(ids.journal)));
  t.equal((await stat(content.authSecretFile)).mode & 0o777, 0o600);
  for (const id of [ids.noFile, ids.garbage]) {
    const probe = [
      '-v',
      'error',
      '-show_entries',
      'format=duration',
      '-of',
      'csv=p=0',
      content.videoFile(id),
    ];
    t.ok(Math.abs(Number((await run('ffprobe', probe)).stdout) - 3) < 0.2, 'made again from its segments');
  }
  await withDatabase(async ({ videos }) => {
    t.match(await videos.find(ids.empty), { state: 'failed', errorMessage: 'its files are lost' });
    t.equal((await videos.find(ids.grown))?.sizeBytes, size);
    t.equal((await videos.find(ids.noFile))?.sizeBytes, (await stat(content.videoFile(ids.noFile))).size);
  });
});

async function stores(database: Awaited<ReturnType<typeof openDatabase>>) {
  return { database, videos: new VideoStore(database), deletions: new DeletionStore(database) };
}
