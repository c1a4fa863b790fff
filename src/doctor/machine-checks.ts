import { access, chmod, constants, readdir, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Config } from '../config.ts';
import type { Log } from '../log.ts';
import { findProgram } from '../process/find-program.ts';
import { PidFiles } from '../process/pid-files.ts';
import type { ContentDirectory } from '../store/content-directory.ts';
import type { Finding } from './finding.ts';

const helpers = ['setpriv', 'prlimit', 'flock'];

/** Programs that livereel runs and that are not there. */
export function missingPrograms({ ffmpegPath, ffprobePath, nginxPath }: Config): Finding[] {
  const wanted = process.platform === 'linux' ? [ffmpegPath, ffprobePath, nginxPath, ...helpers] : [];
  return wanted
    .filter(program => findProgram(program) === undefined)
    .map(program => ({
      check: 'program-missing',
      subject: program,
      problem: `The program ${program} is not installed, or may not be run.`,
      remedy: 'Install it (Debian, Ubuntu: apt-get install ffmpeg nginx util-linux), or set its path.',
    }));
}

/** A disk on which no session is taken any more, or soon. */
export async function lowDisk(
  content: ContentDirectory,
  { minFreeDiskBytes, minFreeDiskRatio }: Config,
): Promise<Finding[]> {
  const { freeBytes, totalBytes } = await content.freeBytes();
  const neededBytes = Math.max(minFreeDiskBytes, totalBytes * minFreeDiskRatio);
  if (freeBytes >= neededBytes) return [];
  const problem = `${mebibytes(freeBytes)} MiB of the disk are free; below ${mebibytes(neededBytes)} MiB nothing is recorded.`;
  const remedy = 'Free some space, set RETENTION_DAYS, or lower MIN_FREE_DISK_BYTES and MIN_FREE_DISK_RATIO.';
  return [{ check: 'disk-low', subject: null, problem, remedy }];
}

/** What others could read that must not, and what the server could not write. */
export async function wrongPermissions(content: ContentDirectory): Promise<Finding[]> {
  const findings: Finding[] = [];
  const mayWrite = await access(content.root, constants.R_OK | constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
  if (!mayWrite) {
    const problem = `The content directory ${content.root} cannot be written to by this user.`;
    const remedy = `Give it to the user that runs the server: chown -R USER ${content.root}`;
    findings.push({ check: 'wrong-permissions', subject: null, problem, remedy });
  }
  const secrets = [
    { path: content.authSecretFile, mode: 0o600, forbidden: 0o077 },
    // Postgres as another user has to get through `run`.
    { path: content.runDir, mode: 0o700, forbidden: 0o066 },
    { path: content.tmpDir, mode: 0o700, forbidden: 0o077 },
  ];
  for (const { path, mode, forbidden } of secrets) {
    const found = await stat(path).catch(() => undefined);
    if (found === undefined || (found.mode & forbidden) === 0) continue;
    findings.push({
      check: 'wrong-permissions',
      subject: basename(path),
      problem: `${basename(path)} can be read by other users (mode ${(found.mode & 0o777).toString(8)}).`,
      remedy: `It is set to ${mode.toString(8)}.`,
      fix: () => chmod(path, mode),
    });
  }
  return findings;
}

/** Sockets and pid files that a killed server left; only to be called while none runs. */
export async function staleProcessFiles(content: ContentDirectory, log: Log): Promise<Finding[]> {
  const pidFiles = new PidFiles(content.runDir, log);
  const findings: Finding[] = (await pidFiles.names()).map(name => ({
    check: 'stale-process-file',
    subject: `run/${name}.pid`,
    problem: `No server runs, and ${name} of an earlier one is still noted as running.`,
    remedy: 'What is left of it is ended, and the note removed.',
    fix: async () => void (await pidFiles.endLeftover(name)),
  }));
  for (const path of [content.dataSocket, content.apiSocket]) {
    if ((await stat(path).catch(() => undefined)) === undefined) continue;
    findings.push({
      check: 'stale-process-file',
      subject: `run/${basename(path)}`,
      problem: `No server runs, and its socket ${basename(path)} is still there.`,
      remedy: 'It is removed.',
      fix: () => rm(path, { force: true }),
    });
  }
  return findings;
}

/** What tasks and imports that were killed left in `tmp/`; only to be called while no server runs. */
export async function leftInTmp({ tmpDir }: ContentDirectory): Promise<Finding[]> {
  const names = await readdir(tmpDir).catch(() => []);
  const findings: Finding[] = [];
  for (const name of names) {
    const isEmptyFolder = (await readdir(join(tmpDir, name)).catch(() => ['a file'])).length === 0;
    if (isEmptyFolder) continue;
    findings.push({
      check: 'half-written',
      subject: `tmp/${name}`,
      problem: `tmp/${name} was being written when its process ended.`,
      remedy: 'It is removed; what it was for is made again.',
      fix: () => rm(join(tmpDir, name), { recursive: true, force: true }),
    });
  }
  return findings;
}

function mebibytes(bytes: number): number {
  return Math.round(bytes / 1024 ** 2);
}
