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

t.test('whoever runs the server makes keys that work, and admins', async t => {
  const server = await TestServer.start({ env: { ACCESS: 'accounts' } });
  t.teardown(() => server.stop());
  const account = { email: 'ada@example.org', password: 'correct horse battery', name: 'Ada' };
  const headers = { 'content-type': 'application/json' };
  const made = await fetch(`${server.baseUrl}/api/v1/accounts`, {
    method: 'POST',
    headers,
    body: JSON.stringify(account),
  });
  t.equal(made.status, 201);
  const token = async (...args: string[]) => {
    const env = { ...process.env, CONTENT_DIR: server.contentDir };
    const { stdout, code } = await runProgram(process.execPath, [...main, 'token', '--json', ...args], {
      env,
      mayFail: true,
    });
    return {
      ...(JSON.parse(stdout.toString()) as { key: string; type: string; code: string }),
      exitCode: code,
    };
  };
  const { key, ...told } = await token(' Ada@Example.org', '--name', 'backup', '--admin');
  t.match(told, { type: 'api-key', isAdmin: true, exitCode: 0 });
  const own = await fetch(`${server.baseUrl}/api/v1/account`, {
    headers: { authorization: `Bearer ${key}` },
  });
  t.match(await own.json(), { email: account.email, role: 'admin' });
  t.match(await token('nobody@example.org'), { type: 'error', code: 'not-found', exitCode: 1 });
});
