import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import t, { type Test } from 'tap';

/** Another checkout of this project, with the same packages; `build` runs the script in it. */
async function checkout(t: Test) {
  const root = await mkdtemp(join(tmpdir(), 'livereel-checkout-'));
  t.teardown(() => rm(root, { recursive: true, force: true }));
  await cp('scripts', join(root, 'scripts'), { recursive: true });
  await symlink(resolve('node_modules'), join(root, 'node_modules'));
  const link = join(root, 'dist', 'whisper-server');
  const build = (env: NodeJS.ProcessEnv = {}) =>
    spawnSync(process.execPath, [join(root, 'scripts/recogniser/build.mjs')], {
      encoding: 'utf8',
      env: { ...process.env, ...env },
    });
  return { root, link, build };
}

t.test('what was built once on this machine is used by the next checkout, at once', async t => {
  const { link, build } = await checkout(t);
  const { status, stderr } = build();
  t.equal(status, 0);
  t.equal(stderr, '', 'nothing is built');
  t.ok(existsSync(link));
  t.equal(spawnSync(link, ['--help']).status, 0, 'and runs');
});

t.test('without a compiler it says what to install, and leaves no link', async t => {
  const { root, link, build } = await checkout(t);
  const told = build({ PATH: join(root, 'nothing'), XDG_CACHE_HOME: join(root, 'cache') });
  t.equal(told.status, 0, 'the server runs without captions');
  t.match(told.stderr, /captions need a compiler/);
  t.match(told.stderr, /missing: cmake, c\+\+, make/);
  t.match(told.stderr, /runs without captions until then/);
  t.notOk(existsSync(link));
  t.same(await readdir(join(root, 'dist')), []);
  const [home = ''] = await readdir(join(root, 'cache', 'livereel'));
  t.same(await readdir(join(root, 'cache', 'livereel', home)), [], 'no lock is left');
});

t.test('a cache folder that cannot be written is replaced by one in the checkout', async t => {
  const { root, build } = await checkout(t);
  await writeFile(join(root, 'cache'), 'a file');
  build({ PATH: join(root, 'nothing'), XDG_CACHE_HOME: join(root, 'cache') });
  t.match(await readdir(join(root, '.livereel-cache')), [/^whisper-server-1\.\d+\.\d+-[0-9a-f]{12}$/]);
});

t.test('while another set-up builds, the server starts, and the link leads nowhere yet', async t => {
  const { root, link, build } = await checkout(t);
  const cache = join(root, 'cache');
  build({ PATH: join(root, 'nothing'), XDG_CACHE_HOME: cache });
  const [home = ''] = await readdir(join(cache, 'livereel'));
  await writeFile(join(cache, 'livereel', home, 'building'), `${process.pid}`);
  const script = `import { prepareRecogniser } from './scripts/recogniser/build.mjs'; await prepareRecogniser({ waits: false });`;
  const { status } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: root,
    env: { ...process.env, XDG_CACHE_HOME: cache },
  });
  t.equal(status, 0);
  t.equal(dirname(await readlink(link)), join(cache, 'livereel', home));
  t.notOk(existsSync(link));
});

t.test('without the package that carries the source it says so', async t => {
  const { root, link, build } = await checkout(t);
  await rm(join(root, 'node_modules'));
  await mkdir(join(root, 'node_modules'));
  const told = build();
  t.equal(told.status, 0);
  t.match(told.stderr, /nodejs-whisper: run `npm ci`/);
  t.notOk(existsSync(link));
});
