import { readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { RunSettings } from '../ffmpeg/background-run.ts';
import { durationOf, writeProgressiveMp4 } from '../ffmpeg/recording.ts';
import type { VideoRow, VideoStore } from '../library/video-store.ts';
import type { ContentDirectory } from '../store/content-directory.ts';
import type { Finding } from './finding.ts';
import { isYoung } from './library-checks.ts';
import { isThere } from './visited-content.ts';

/** What is looked at. */
export type VideoCheckParts = {
  readonly content: ContentDirectory;
  readonly videos: Pick<VideoStore, 'find' | 'update'>;
  readonly run: RunSettings;
};

/** The pieces that a video's playlist names, and those of them that are missing. */
type Pieces = { readonly files: readonly string[]; readonly missing: readonly string[] };

/** Looks at the files of a video that is ready. */
export async function videoFindings(video: VideoRow, parts: VideoCheckParts): Promise<Finding[]> {
  const { content } = parts;
  const folder = content.videoDir(video.id);
  if (await isYoung(folder)) return [];
  const pieces = await piecesOf(content, video.id);
  const file = await fileFinding(video, pieces, parts);
  const findings = [
    ...(pieces === null ? [] : playlistFindings(video.id, pieces)),
    ...(file === null ? [] : [file]),
    ...(await halfWritten(folder, video.id)),
  ];
  if (file === null && !video.journalKept && (await isThere(content.journalDir(video.id)))) {
    findings.push({
      check: 'journal-left',
      subject: video.id,
      problem: `The video ${video.id} is ready and whole, and the journal of its recording is still there.`,
      remedy: 'The journal is removed.',
      fix: () => rm(content.journalDir(video.id), { recursive: true, force: true }),
    });
  }
  return findings;
}

function playlistFindings(id: string, { missing }: Pieces): Finding[] {
  const [first] = missing;
  if (first === undefined) return [];
  const more = missing.length === 1 ? '' : ` and ${missing.length - 1} more`;
  return [
    {
      check: 'broken-playlist',
      subject: id,
      problem: `The playlist of ${id} names ${basename(first)}${more}, which is missing.`,
      remedy:
        'Put the file back from a backup, or delete the video; its MP4 can be watched as long as it is whole.',
    },
  ];
}

/** What is wrong with the MP4; null: nothing. */
async function fileFinding(
  video: VideoRow,
  pieces: Pieces | null,
  { content, videos, run }: VideoCheckParts,
): Promise<Finding | null> {
  const { id } = video;
  const file = content.videoFile(id);
  const sizeBytes = await stat(file).then(
    ({ size }) => size,
    () => null,
  );
  const isWhole =
    sizeBytes !== null &&
    (await durationOf(run, file).then(
      () => true,
      () => false,
    ));
  if (!isWhole) {
    const what = sizeBytes === null ? 'has no video.mp4' : 'has a video.mp4 that cannot be read';
    const check = sizeBytes === null ? ('files-missing' as const) : ('broken-file' as const);
    const problem = `The video ${id} ${what}.`;
    if (pieces !== null && pieces.missing.length === 0) {
      const remedy = 'It is made again from the segments.';
      return { check, subject: id, problem, remedy, fix: () => remake(id, pieces, { content, videos, run }) };
    }
    const remedy = 'Its segments are not all there either, so it is called failed.';
    const errorMessage = 'its files are lost';
    const changes = { state: 'failed', errorCode: 'internal', errorMessage } as const;
    return { check, subject: id, problem, remedy, fix: async () => void (await videos.update(id, changes)) };
  }
  if (video.sizeBytes === null || video.sizeBytes === sizeBytes) return null;
  return {
    check: 'size-differs',
    subject: id,
    problem: `The video.mp4 of ${id} has ${sizeBytes} bytes; the library says ${video.sizeBytes}.`,
    remedy: 'It can be read, so the library is told its size.',
    fix: async () => void (await videos.update(id, { sizeBytes })),
  };
}

async function remake(
  id: string,
  { files }: Pieces,
  { content, videos, run }: VideoCheckParts,
): Promise<void> {
  const file = content.videoFile(id);
  await writeProgressiveMp4(run, files, `${file}.new`, null);
  await durationOf(run, `${file}.new`);
  await rename(`${file}.new`, file);
  const { size: sizeBytes } = await stat(file);
  await videos.update(id, { sizeBytes });
}

/** Files that were being written when their process ended. */
async function halfWritten(folder: string, id: string): Promise<Finding[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
  const findings: Finding[] = [];
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile() || !/\.(new|open|part|tmp)$/.test(entry.name) || (await isYoung(path))) continue;
    findings.push({
      check: 'half-written',
      subject: id,
      problem: `${path.slice(folder.length - id.length)} was being written when its process ended.`,
      remedy: 'It is removed; what it was for is there or made again.',
      fix: () => rm(path, { force: true }),
    });
  }
  return findings;
}

/** Null: it has no playlist of its own recording. More than one header means that the pictures changed on the way. */
async function piecesOf(content: ContentDirectory, id: string): Promise<Pieces | null> {
  const text = await readFile(content.mediaPlaylistFile(id, 'main'), 'utf8').catch(() => null);
  if (text === null) return null;
  const folder = content.renditionDir(id, 'main');
  const headers = [...new Set([...text.matchAll(/^#EXT-X-MAP:.*URI="([^"/]+)"/gm)].map(([, name]) => name))];
  const segments = text.split(/\r?\n/).filter(line => /^[0-9]{6,9}\.m4s$/.test(line));
  const files = [...headers.slice(-1), ...segments].map(name => join(folder, String(name)));
  const all = [...headers, ...segments].map(name => join(folder, String(name)));
  const missing: string[] = [];
  for (const file of all) if (!(await isThere(file))) missing.push(file);
  return { files, missing };
}
