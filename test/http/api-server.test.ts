import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OpenAPIHono } from '@hono/zod-openapi';
import { pino } from 'pino';
import t, { type Test } from 'tap';
import { ApiServer } from '../../src/http/api-server.ts';
import { eventually } from '../support/eventually.ts';
import { socketRequest } from './socket-request.ts';

const log = pino({ level: 'silent' });

async function folderFor(t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'livereel-socket-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

function greeting(): OpenAPIHono {
  const app = new OpenAPIHono();
  app.get('/', c => c.text('hello'));
  return app;
}

t.test('it answers on a socket that only its user and group may open', async t => {
  const socketPath = join(await folderFor(t), 'api.sock');
  const server = await ApiServer.start({ app: greeting(), socketPath, log });
  t.match(await socketRequest(socketPath, '/'), { status: 200, text: 'hello' });
  t.equal((await stat(socketPath)).mode & 0o777, 0o660);
  await server.close();
  await t.rejects(stat(socketPath), { code: 'ENOENT' }, 'the socket is gone');
  await server.close();
});

t.test('the socket of a killed server is replaced', async t => {
  const socketPath = join(await folderFor(t), 'api.sock');
  const listenAndDie = `require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['-e', listenAndDie, socketPath]);
  t.ok((await stat(socketPath)).isSocket(), 'it was left behind');
  const server = await ApiServer.start({ app: greeting(), socketPath, log });
  t.match(await socketRequest(socketPath, '/'), { status: 200 });
  await server.close();
});

t.test('what is no socket is left alone, and what is in the way is named', async t => {
  const folder = await folderFor(t);
  const socketPath = join(folder, 'api.sock');
  await writeFile(socketPath, 'precious');
  const inTheWay = { code: 'bad-configuration', message: /api\.sock is in the way/ };
  await t.rejects(ApiServer.start({ app: greeting(), socketPath, log }), inTheWay);
  t.equal((await stat(socketPath)).size, 8);
  const tooLong = join(folder, 'x'.repeat(120), 'api.sock');
  const shorter = { code: 'bad-configuration', message: /over 103 bytes. Set a shorter CONTENT_DIR/ };
  await t.rejects(ApiServer.start({ app: greeting(), socketPath: tooLong, log }), shorter);
  const nowhere = { code: 'bad-configuration', message: /Cannot listen on .*none\/api.sock/ };
  await t.rejects(
    ApiServer.start({ app: greeting(), socketPath: join(folder, 'none/api.sock'), log }),
    nowhere,
  );
});

t.test('closing lets a request under way finish, and takes no new one', async t => {
  const socketPath = join(await folderFor(t), 'api.sock');
  const app = greeting();
  let finish: (() => void) | undefined;
  app.get('/slow', async c => {
    await new Promise<void>(resolve => {
      finish = resolve;
    });
    return c.text('late');
  });
  const server = await ApiServer.start({ app, socketPath, log });
  const slow = socketRequest(socketPath, '/slow');
  const finishNow = await eventually(() => finish);
  const closed = server.close();
  await t.rejects(socketRequest(socketPath, '/'));
  finishNow();
  t.match(await slow, { status: 200, text: 'late' });
  await closed;
});

t.test('a connection that never says anything does not hold up the close', async t => {
  const socketPath = join(await folderFor(t), 'api.sock');
  const server = await ApiServer.start({ app: greeting(), socketPath, log });
  const silent = connect(socketPath);
  await new Promise(resolve => silent.once('connect', resolve));
  const gone = new Promise(resolve => silent.once('close', resolve));
  silent.on('error', () => {});
  silent.resume();
  await server.close();
  await gone;
});

t.test('an app that throws answers a problem, and the server lives on', async t => {
  const socketPath = join(await folderFor(t), 'api.sock');
  const app = new OpenAPIHono();
  app.get('/', c => c.text('hello'));
  app.onError(() => {
    throw new Error('/secret/path');
  });
  app.get('/broken', () => {
    throw new Error('broken');
  });
  const server = await ApiServer.start({ app, socketPath, log });
  const answer = await socketRequest(socketPath, '/broken');
  t.match(answer, { status: 500, json: { code: 'internal' } });
  t.notMatch(answer.text, /secret/);
  t.match(await socketRequest(socketPath, '/'), { status: 200 });
  await server.close();
});
