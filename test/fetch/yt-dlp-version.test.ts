import { chmod, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import t from 'tap';
import { leastVersion, requireYtDlp } from '../../src/fetch/yt-dlp-version.ts';
import { createLog } from '../../src/log.ts';

const log = createLog('silent');

t.test('a yt-dlp that is of no use says how to get one that is', async t => {
  const folder = t.testdir({});
  const { PATH } = process.env;
  t.teardown(() => {
    process.env.PATH = PATH;
  });
  process.env.PATH = folder;
  const look = () => requireYtDlp('yt-dlp', folder, log);
  const missing = (message: RegExp) => ({ code: 'downloader-missing', message });
  await t.rejects(look(), missing(/not installed.*apt-get install yt-dlp.*YT_DLP_PATH/));
  process.env.PATH = [folder, PATH].join(delimiter);
  const says = async (script: string) => {
    await writeFile(join(folder, 'yt-dlp'), `#!/bin/sh\n${script}\n`);
    await chmod(join(folder, 'yt-dlp'), 0o755);
  };
  await says('echo 2021.12.27');
  await t.rejects(look(), missing(/yt-dlp 2021\.12\.27 is too old; it takes 2023\.03\.04 or a newer one/));
  await says('echo hello');
  await t.rejects(look(), missing(/is no yt-dlp/));
  await says('exit 3');
  await t.rejects(look(), missing(/does not run/));
  await says(`echo ${leastVersion}.232815`);
  t.match(await look(), { path: join(folder, 'yt-dlp'), version: leastVersion });
});
