import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';

const run = (env: NodeJS.ProcessEnv = process.env) =>
  spawnSync(process.execPath, ['scripts/setup.mjs'], { encoding: 'utf8', env });

t.test('when all is there the set-up does nothing and says nothing', async t => {
  run();
  const before = await stat('dist');
  const again = run();
  t.equal(again.status, 0);
  t.equal(again.stdout + again.stderr, '');
  t.equal((await stat('dist')).mtimeMs, before.mtimeMs);
});

t.test(
  'without the programs and without a way to install them it says what to install, and stops',
  async t => {
    const empty = await mkdtemp(join(tmpdir(), 'livereel-no-programs-'));
    t.teardown(() => rm(empty, { recursive: true }));
    const told = run({ ...process.env, PATH: empty });
    t.equal(told.status, 1);
    t.match(told.stderr, /livereel needs programs that are not installed here/);
    t.match(told.stderr, /missing: .*ffmpeg/);
  },
);
