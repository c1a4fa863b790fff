import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { AuthSecret } from '../../src/accounts/auth-secret.ts';

t.test('the secret is made once, for its owner alone, by one of many who start', async t => {
  const folder = t.testdir();
  const file = join(folder, 'auth-secret');
  const opened = await Promise.all(Array.from({ length: 3 }, () => AuthSecret.open(file, undefined)));
  const [key] = opened.map(secret => secret.key('access-token'));
  for (const secret of opened) t.same(secret.key('access-token'), key);
  t.equal((await stat(file)).mode & 0o777, 0o600);
  t.match(await readFile(file, 'utf8'), /^[\w-]{43}\n$/);
  t.same(await readdir(folder), ['auth-secret'], 'nothing is left aside');
  t.same((await AuthSecret.open(file, undefined)).key('access-token'), key, 'and stays');
});

t.test('the environment comes first, each purpose has a key of its own', async t => {
  const folder = t.testdir();
  const secret = await AuthSecret.open(join(folder, 'auth-secret'), 'of the environment, 32 characters');
  t.same(await readdir(folder), []);
  const [one, other] = [secret.key('access-token'), secret.key('playback-token')];
  t.equal(one.length, 32);
  t.notSame(one, other);
});

t.test('what is no secret stops the start, and says so', async t => {
  const folder = t.testdir({ 'auth-secret': '', other: { file: '' } });
  const refused = { code: 'bad-configuration', message: /auth-secret/ };
  await t.rejects(AuthSecret.open(join(folder, 'auth-secret'), undefined), refused);
  await writeFile(join(folder, 'auth-secret'), 'short\n');
  await t.rejects(AuthSecret.open(join(folder, 'auth-secret'), undefined), refused);
  await t.rejects(AuthSecret.open(join(folder, 'none', 'auth-secret'), undefined), refused);
});
