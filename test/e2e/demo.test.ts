import { fileURLToPath } from 'node:url';
import t from 'tap';
import { runProgram } from '../support/run-program.ts';
import { freePort, TestServer } from '../support/server.ts';

// A server each.
t.jobs = 2;

const demo = fileURLToPath(new URL('../../scripts/demo.ts', import.meta.url));

t.test('the demo plays live, says what is said, becomes a video, and leaves nothing behind', async t => {
  const port = await freePort();
  const { stdout } = await runProgram(
    process.execPath,
    ['--import', 'tsx', demo, '--exit', '--seconds', '4'],
    {
      env: {
        ...process.env,
        PORT: `${port}`,
        CONTENT_DIR: t.testdir(),
        MIN_FREE_DISK_BYTES: '0',
        MIN_FREE_DISK_RATIO: '0',
      },
    },
  );
  const text = stdout.toString();
  t.match(text, new RegExp(`Live after \\d\\.\\d s: +http://127\\.0\\.0\\.1:${port}/watch/[0-9A-Za-z]{12}`));
  t.match(text, /Caption at 0\.\d s: +one coffee watches again\./);
  t.match(text, /File: +http:\S+\/video\.mp4/);
  t.match(text, /Duration: +(3\.9|4\.[01])\d s/);
  t.match(text, /File size: +\d+\.\d\d MB/);
  await t.rejects(fetch(`http://127.0.0.1:${port}/health`), 'the server that it started has ended');
});

t.test('a server that runs is used, and goes on', async t => {
  const server = await TestServer.start();
  t.teardown(() => server.stop());
  const { stdout } = await runProgram(
    process.execPath,
    ['--import', 'tsx', demo, '--exit', '--seconds', '2'],
    {
      env: { ...process.env, PORT: `${server.port}` },
    },
  );
  t.match(stdout.toString(), /Using the server at/);
  t.ok(server.running);
});
