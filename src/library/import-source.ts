import { rename, rm } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import { LivereelError } from '../errors.ts';
import type { AddressGuard } from '../fetch/address-guard.ts';
import type { GuardedClient } from '../fetch/guarded-client.ts';
import { GuardedProxy } from '../fetch/guarded-proxy.ts';
import { download } from '../fetch/resumed-download.ts';
import { type SourceKind, sourceKindOf } from '../fetch/source-kind.ts';
import { downloadPage } from '../fetch/yt-dlp.ts';
import type { RunSettings } from '../ffmpeg/background-run.ts';
import { importHls } from './hls-import.ts';

/** What is fetched, and where to. */
export type ImportSource = {
  readonly guard: AddressGuard;
  readonly client: GuardedClient;
  readonly url: URL;
  /** The import's own; it exists. What an earlier attempt left in it is gone on with. */
  readonly folder: string;
  readonly maxBytes: number;
  readonly ytDlpPath: string;
  readonly run: Omit<RunSettings, 'signal'>;
  readonly signal: AbortSignal;
  readonly progress: (bytes: number, totalBytes: number | null, part: number) => void;
};

/** Of a page's answers: what is fetched, some of it twice, and the pages on the way. */
const pageOverheadBytes = 64 * 1024 ** 2;
const mostTitleCharacters = 200;
/** What playlists are called everywhere. */
const emptyNames = /^(index|master|main|playlist|manifest|stream|video|chunklist|prog_index)$/i;

/**
 * Fetches what an address leads to, whatever that is: a media file, an HLS stream, or a page that yt-dlp looks into.
 * Gives the file, and what the source calls itself.
 * @throws LivereelError `source-*`, `downloader-missing`, `program-failed`; the signal's reason.
 */
export async function fetchSource(source: ImportSource): Promise<{ file: string; title: string | null }> {
  const { client, url, folder, maxBytes, signal } = source;
  const file = join(folder, 'source');
  let kind: SourceKind = 'file';
  const downloaded = await download({
    client,
    url,
    file,
    maxBytes,
    signal,
    isWanted: first => {
      if (first.length === 0)
        throw new LivereelError('source-refused', 'The address leads to an empty file.');
      kind = sourceKindOf(first);
      return kind === 'file';
    },
    progress: (bytes, totalBytes) =>
      source.progress(bytes, totalBytes, totalBytes === null ? 0 : bytes / totalBytes),
  });
  if (downloaded.isWanted) return { file, title: titleOf(downloaded.url, downloaded.headers) };
  await rm(file, { force: true });
  if ((kind as SourceKind) === 'playlist') {
    await importHls({
      ...source,
      // The address that was given, not where it led: what leads on may sign anew.
      folder: join(folder, 'hls'),
      outputFile: file,
      progress: (bytes, part) => source.progress(bytes, null, part),
    });
    return { file, title: titleOf(downloaded.url, {}) };
  }
  return await fetchPage(source, file);
}

async function fetchPage(
  source: ImportSource,
  file: string,
): Promise<{ file: string; title: string | null }> {
  const { guard, url, folder, maxBytes, ytDlpPath, signal, run } = source;
  if (url.username !== '' || url.password !== '') {
    // They would stand in the list of processes, and yt-dlp would decide whom they are sent to.
    const why = 'Addresses with a user name or password can be imported only when they lead to a media file.';
    throw new LivereelError('source-not-supported', why);
  }
  const proxy = await GuardedProxy.start({ guard, maxBytes: maxBytes + pageOverheadBytes });
  try {
    const fetched = await downloadPage({
      program: ytDlpPath,
      url,
      folder: join(folder, 'page'),
      proxy,
      maxBytes,
      signal,
      progress: (bytes, totalBytes) =>
        source.progress(bytes, totalBytes, totalBytes === null ? 0 : Math.min(1, bytes / totalBytes)),
      log: run.log,
    });
    await rename(fetched.file, file);
    return { file, title: cleaned(fetched.title) };
  } finally {
    await proxy.close();
  }
}

/** What a file calls itself: by its header (RFC 6266), else by its address; null for what says nothing. */
function titleOf(url: URL, headers: IncomingHttpHeaders): string | null {
  const name = fileNameOf(headers['content-disposition'] ?? '') ?? url.pathname.split('/').at(-1) ?? '';
  const bare = decoded(name).replace(/\.[A-Za-z0-9]{1,5}$/, '');
  return emptyNames.test(bare) ? null : cleaned(bare.replaceAll('_', ' '));
}

function fileNameOf(disposition: string): string | undefined {
  const extended = /filename\*=(?:UTF-8|utf-8)''([^;]+)/.exec(disposition);
  const plain = /filename="?([^";]+)"?/.exec(disposition);
  return extended?.[1] ?? plain?.[1];
}

function cleaned(title: string | null): string | null {
  const line = [...(title ?? '').replace(/\p{Cc}+/gu, ' ').trim()]
    .slice(0, mostTitleCharacters)
    .join('')
    .trim();
  return line === '' ? null : line;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
