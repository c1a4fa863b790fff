import { mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { LivereelError } from '../errors.ts';
import type { Log } from '../log.ts';
import { startProgram } from '../process/child-program.ts';
import { tooLarge } from './bounded-body.ts';
import type { GuardedProxy } from './guarded-proxy.ts';
import { requireYtDlp } from './yt-dlp-version.ts';

/** What is fetched, and where to. */
export type PageDownload = {
  /** A name that is looked up in PATH, or a path. */
  readonly program: string;
  readonly url: URL;
  /** Its own; what an earlier run left in it is gone on with. */
  readonly folder: string;
  /** The only way out that it is given. */
  readonly proxy: GuardedProxy;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
  readonly progress: (bytes: number, totalBytes: number | null) => void;
  readonly log: Log;
};

// Background work gives way to what is live.
const niceness = 10;
const cpuSeconds = 7_200;
const addressSpaceBytes = 4 * 1024 ** 3;
const lookEveryMillis = 1_000;
const mostLineCharacters = 10_000;
const mostTitleCharacters = 200;

/** What our own code and our ffmpeg never fetch: only these ways go through the proxy. */
const byWeb =
  "[protocol~='^(https?|m3u8_native|http_dash_segments)(\\+(https?|m3u8_native|http_dash_segments))*$']";

/**
 * Fetches what a page shows by yt-dlp. It is other people's code that reads other people's pages: it gets an empty
 * folder, no settings, no plug-ins, limits, and the proxy as its only way out.
 * @throws LivereelError `downloader-missing`, `source-*`; the signal's reason.
 */
export async function downloadPage(page: PageDownload): Promise<{ file: string; title: string | null }> {
  const { folder, maxBytes, proxy, signal, progress, log } = page;
  await mkdir(folder, { recursive: true });
  const { path } = await requireYtDlp(page.program, folder, log);
  signal.throwIfAborted();
  const program = startProgram({
    name: 'yt-dlp',
    program: path,
    args: argumentsFor(page),
    cwd: folder,
    env: environmentFor(page),
    stdin: 'ignore',
    stdout: 'pipe',
    limits: { cpuSeconds, addressSpaceBytes },
    niceness,
    log,
  });
  let title: string | null = null;
  let verdict: unknown;
  const stop = (reason: unknown) => {
    verdict ??= reason;
    program.killGroup('SIGKILL');
  };
  const cancel = () => stop(signal.reason);
  signal.addEventListener('abort', cancel, { once: true });
  // A file is written under several names until it is whole: twice the room is the most that an honest one takes.
  const watch = setInterval(() => {
    void sizeOfFolder(folder).then(bytes => bytes > 2 * maxBytes && stop(tooLarge(maxBytes)));
  }, lookEveryMillis);
  if (program.stdout) {
    createInterface({ input: program.stdout, crlfDelay: Number.POSITIVE_INFINITY }).on('line', line => {
      const told = readLine(line.slice(0, mostLineCharacters));
      if (told?.kind === 'progress') progress(told.bytes, told.totalBytes);
      if (told?.kind === 'title') title = told.title;
    });
  }
  const exit = await program.exited;
  clearInterval(watch);
  signal.removeEventListener('abort', cancel);
  program.killGroup('SIGKILL');
  if (verdict !== undefined) throw verdict;
  const file = await resultIn(folder);
  if (exit.code !== 0 || file === undefined)
    throw proxy.refusal ?? failureOf(program.stderrTail(), exit.code);
  if ((await stat(file)).size > maxBytes) throw tooLarge(maxBytes);
  return { file, title };
}

function argumentsFor({ url, maxBytes }: PageDownload): string[] {
  return [
    ...['--ignore-config', '--no-cache-dir', '--no-playlist', '--playlist-items', '1', '--no-mtime'],
    ...['--socket-timeout', '20', '--retries', '3', '--fragment-retries', '3', '--extractor-retries', '2'],
    ...[
      '--max-filesize',
      String(maxBytes),
      '--match-filter',
      '!is_live',
      '--fixup',
      'never',
      '--hls-prefer-native',
    ],
    // Up to 1080 lines, H.264 and AAC where there is a choice: they are kept as they are.
    ...[
      '--format',
      `bv*${byWeb}+ba${byWeb}/b${byWeb}/bv*${byWeb}/ba${byWeb}`,
      '--format-sort',
      'res:1080,vcodec:h264,acodec:aac',
    ],
    ...['--merge-output-format', 'mkv', '--output', 'media.%(ext)s', '--no-color', '--newline', '--progress'],
    ...['--print', 'before_dl:title %(title)j'],
    ...[
      '--progress-template',
      'download:bytes %(progress.downloaded_bytes)s %(progress.total_bytes,progress.total_bytes_estimate)s',
    ],
    '--',
    url.href,
  ];
}

function environmentFor({ folder, proxy }: PageDownload): Record<string, string> {
  // Not by `--proxy`: that is for http and https alone, and its password would stand in the list of processes.
  const ways = [
    'http_proxy',
    'https_proxy',
    'ftp_proxy',
    'all_proxy',
    'HTTP_PROXY',
    'HTTPS_PROXY',
    'ALL_PROXY',
  ];
  return {
    ...Object.fromEntries(ways.map(name => [name, proxy.url])),
    XDG_CONFIG_HOME: folder,
    XDG_CACHE_HOME: folder,
    TMPDIR: folder,
    YTDLP_NO_PLUGINS: '1',
    PYTHONNOUSERSITE: '1',
    PYTHONSAFEPATH: '1',
    PYTHONDONTWRITEBYTECODE: '1',
  };
}

type Told =
  | { readonly kind: 'progress'; readonly bytes: number; readonly totalBytes: number | null }
  | { readonly kind: 'title'; readonly title: string };

function readLine(line: string): Told | undefined {
  const progress = /^bytes (\d{1,15})(?:\.\d+)? (\d{1,15})?/.exec(line);
  if (progress !== null) {
    return { kind: 'progress', bytes: Number(progress[1]), totalBytes: Number(progress[2]) || null };
  }
  if (!line.startsWith('title ')) return undefined;
  try {
    const title = JSON.parse(line.slice('title '.length)) as unknown;
    return typeof title === 'string'
      ? { kind: 'title', title: title.slice(0, mostTitleCharacters) }
      : undefined;
  } catch {
    return undefined;
  }
}

/** `media.mp4` and the like; not what is still being put together (`media.f137.mp4`, `media.mp4.part`). */
async function resultIn(folder: string): Promise<string | undefined> {
  const names = await readdir(folder);
  const name = names.find(
    file => /^media\.[0-9A-Za-z]{1,10}$/.test(file) && !/\.(part|ytdl|temp)$/.test(file),
  );
  return name === undefined ? undefined : join(folder, name);
}

async function sizeOfFolder(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => []);
  const sizes = names.map(name =>
    stat(join(folder, name)).then(
      ({ size }) => size,
      () => 0,
    ),
  );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

/** What yt-dlp said last, as one of our errors. */
function failureOf(said: string, code: number | null): LivereelError {
  const line = said.split('\n').findLast(text => text.startsWith('ERROR:')) ?? '';
  const reason = line
    .replace(/^ERROR:\s*/, '')
    .replace(/;? *(please report this issue|Confirm you are on the latest).*$/is, '')
    .replace(/https?:\/\/[^\s@/]*@\S*/g, '...')
    .trim()
    .slice(0, 300);
  if (/Unsupported URL|No video formats found|no video in|Requested format is not available/i.test(reason)) {
    return new LivereelError('source-not-supported', `No video was found at this address: ${reason}`);
  }
  if (
    /timed out|HTTP Error (5\d\d|429)|Connection (reset|refused)|Unable to connect|Temporary failure/i.test(
      reason,
    )
  ) {
    return new LivereelError('source-unavailable', `yt-dlp could not fetch it: ${reason}`);
  }
  if (reason === '' && code === 0) {
    return new LivereelError('source-is-live', 'It is a live stream, or larger than this server takes.');
  }
  return new LivereelError('source-refused', `yt-dlp could not fetch it: ${reason || 'it did not say why'}`);
}
