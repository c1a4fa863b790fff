import { LivereelError } from '../errors.ts';
import type { Log } from '../log.ts';
import { runProgram } from '../process/child-program.ts';
import { findProgram } from '../process/find-program.ts';

/** The version of Debian 12, the oldest one that takes all the options that fence it in. */
export const leastVersion = '2023.03.04';

const versionSeconds = 30;

/**
 * The yt-dlp of this machine: where it is, and its version.
 * @throws LivereelError `downloader-missing` that says how to get it, or a newer one.
 */
export async function requireYtDlp(
  program: string,
  cwd: string,
  log: Log,
): Promise<{ readonly path: string; readonly version: string }> {
  const path = findProgram(program);
  if (path === undefined) {
    throw missing(
      'This address leads to a page, not to a media file, and yt-dlp, which can look into pages, is not installed.',
    );
  }
  const limits = { cpuSeconds: versionSeconds };
  const said = await runProgram({
    name: 'yt-dlp',
    program: path,
    args: ['--version'],
    cwd,
    limits,
    log,
  }).catch(cause => {
    throw missing('yt-dlp does not run on this machine.', cause);
  });
  const version = /^\d{4}\.\d{2}\.\d{2}/.exec(said.trim())?.[0];
  if (version === undefined)
    throw missing(`${JSON.stringify(program)} is no yt-dlp: it does not tell its version.`);
  // Dates with leading zeros: their order is that of their letters.
  if (version < leastVersion)
    throw missing(`yt-dlp ${version} is too old; it takes ${leastVersion} or a newer one.`);
  return { path, version };
}

function missing(what: string, cause?: unknown): LivereelError {
  const advice =
    'Who runs this server can install it (Debian, Ubuntu: apt-get install yt-dlp; everywhere: a newer one from its project, named by YT_DLP_PATH).';
  return new LivereelError('downloader-missing', `${what} ${advice}`, { cause });
}
