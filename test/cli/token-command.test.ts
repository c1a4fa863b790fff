import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { runProgram } from '../support/run-program.ts';
import { TestServer } from '../support/server.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const built = join(root, 'dist/main.js');
const isBuilt = process.env.FROM_SOURCES !== '1' && existsSync(built);
const main = isBuilt ? [built] : ['--import', 'tsx', join(root, 'src/main.ts')];

type Told = {
  type: string;
  key: string;
  code: string;
  token: string;
  expiresAt: string;
  watchUrl: string;
  playbackUrl: string;
};

const server = await TestServer.start({ env: { ACCESS: 'accounts' } });
t.teardown(() => server.stop());

async function token(...args: string[]) {
  const env = { ...process.env, CONTENT_DIR: server.contentDir, PUBLIC_URL: server.baseUrl };
  const { stdout, code } = await runProgram(process.execPath, [...main, 'token', '--json', ...args], {
    env,
    mayFail: true,
  });
  return { ...(JSON.parse(stdout.toString()) as Told), exitCode: code };
}

const account = { email: 'ada@example.org', password: 'correct horse battery', name: 'Ada' };
const headers = { 'content-type': 'application/json' };

t.test('whoever runs the server makes keys that work, and admins', async t => {
  const body = JSON.stringify(account);
  const made = await fetch(`${server.baseUrl}/api/v1/accounts`, { method: 'POST', headers, body });
  t.equal(made.status, 201);
  const { key, ...told } = await token(' Ada@Example.org', '--name', 'backup', '--admin');
  t.match(told, { type: 'api-key', isAdmin: true, exitCode: 0 });
  const own = await fetch(`${server.baseUrl}/api/v1/account`, {
    headers: { authorization: `Bearer ${key}` },
  });
  t.match(await own.json(), { email: account.email, role: 'admin' });
  t.match(await token('nobody@example.org'), { type: 'error', code: 'not-found', exitCode: 1 });

  const session = await fetch(`${server.baseUrl}/api/v1/sessions`, {
    method: 'POST',
    headers: { ...headers, authorization: `Bearer ${key}` },
    body: JSON.stringify({ visibility: 'private', title: 'Rehearsal' }),
  });
  const { id } = (await session.json()) as { id: string };
  const link = await token('--video', id, '--expires', '2d');
  const expiresAt = new Date(link.expiresAt).getTime();
  t.ok(Math.abs(expiresAt - Date.now() - 2 * 86_400_000) < 10 * 60_000, 'as long as was asked for');
  t.match(link, { type: 'playback-token', id, isNeeded: true, exitCode: 0 });
  t.equal(link.watchUrl, `${server.baseUrl}/watch/${id}?token=${link.token}`);
  t.ok(link.playbackUrl.endsWith(`token=${link.token}`));
  const seen = (query: string) => fetch(`${server.baseUrl}/api/v1/videos/${id}${query}`);
  t.equal((await seen('')).status, 404);
  t.match(await (await seen(`?token=${link.token}`)).json(), { title: 'Rehearsal' });
});

t.test('what cannot be meant is refused, and why is said', async t => {
  const wrong = (message: RegExp) => ({ type: 'error', message, exitCode: 2 });
  t.match(await token(), wrong(/needs <email>.*or --video/));
  t.match(await token('--video', 'AAAAAAAAAAAA', '--expires', '31d'), wrong(/from 1m to 30d.*"31d"/));
  t.match(await token('--video', 'AAAAAAAAAAAA', '--admin'), wrong(/makes no API key/));
  t.match(await token('ada@example.org', '--expires', '1d'), wrong(/until it is revoked/));
  t.match(await token('--video', 'AAAAAAAAAAAA'), { type: 'error', code: 'not-found', exitCode: 1 });
});
