import { randomBytes } from 'node:crypto';
import { lstat, mkdir, readdir, rename, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { LivereelError } from '../errors.ts';
import { makeSocketFolder, socketFolderOf } from '../process/socket-folder.ts';

const idPattern = /^[0-9A-Za-z]{12}$/;
const renditionPattern = /^[a-z0-9-]{1,32}$/;
const tokenPattern = /^[0-9A-Za-z_-]{32,64}$/;
const filePattern = /^[0-9A-Za-z][0-9A-Za-z-]*(\.[0-9A-Za-z]+)+$/;
const numberDigits = 6;

/** Bytes of the file system that holds the content. */
export type DiskSpace = { readonly freeBytes: number; readonly totalBytes: number };

/**
 * The one place that knows how files in the content directory are named (docs/structure.md, "content/").
 * All paths are absolute. Methods that take an id throw LivereelError `not-found` for what is none,
 * so that no name from outside ever becomes a path.
 */
export class ContentDirectory {
  /** CONTENT_DIR, absolute. */
  readonly root: string;
  /** Sockets, pid files, the generated nginx configuration: gone through at every start. */
  readonly runDir: string;
  readonly tmpDir: string;
  /** What was deleted and is on its way out; nothing in it has an address. */
  readonly deletedDir: string;
  /** A link for each way in which a video may be watched now; nginx finds media through them only. */
  readonly admittedDir: string;
  /** Speech models, fetched when they are first needed. */
  readonly modelsDir: string;
  readonly lockFile: string;
  readonly authSecretFile: string;
  /** The data plane's Unix socket: ingest, live playlists and parts, events. */
  readonly dataSocket: string;
  /** The API's Unix socket. */
  readonly apiSocket: string;
  /** The Unix socket that takes files. */
  readonly uploadSocket: string;
  readonly #socketFolder: string;

  constructor(root: string) {
    this.root = root;
    this.runDir = join(root, 'run');
    this.tmpDir = join(root, 'tmp');
    this.deletedDir = join(root, 'deleted');
    this.admittedDir = join(this.runDir, 'admitted');
    this.modelsDir = join(root, 'models');
    this.lockFile = join(this.runDir, 'server.lock');
    this.authSecretFile = join(root, 'auth-secret');
    this.#socketFolder = socketFolderOf(this.runDir);
    this.dataSocket = join(this.#socketFolder, 'data.sock');
    this.apiSocket = join(this.#socketFolder, 'api.sock');
    this.uploadSocket = join(this.#socketFolder, 'upload.sock');
  }

  /** Makes the folders that every start needs. */
  async prepare(): Promise<void> {
    await mkdir(this.root, { recursive: true });
    await mkdir(this.runDir, { recursive: true, mode: 0o700 });
    await mkdir(this.tmpDir, { recursive: true, mode: 0o700 });
    await mkdir(this.deletedDir, { recursive: true, mode: 0o700 });
    await makeSocketFolder(this.#socketFolder);
  }

  /** All that is stored of a video. */
  videoDir(id: string): string {
    if (!idPattern.test(id)) throw new LivereelError('not-found', 'There is no video with this id.');
    return join(this.root, id);
  }

  /** What admits viewers of a video: those with this playback token, or everyone (null). */
  admittedLink(id: string, token: string | null): string {
    if (!idPattern.test(id)) throw new LivereelError('not-found', 'There is no video with this id.');
    if (token !== null && !tokenPattern.test(token))
      throw new LivereelError('not-found', 'This is no token.');
    return join(this.admittedDir, token === null ? id : `${id}~${token}`);
  }

  journalDir(id: string): string {
    return join(this.videoDir(id), 'journal');
  }

  /** What was heard live, line by line, until the transcript is kept in the database. */
  liveCaptionsFile(id: string): string {
    return join(this.videoDir(id), 'captions.log');
  }

  /** The file that a video is made of, as it was uploaded or fetched; deleted once the video is made. */
  originalFile(id: string): string {
    return join(this.videoDir(id), 'original');
  }

  /** The same while it is still arriving: as much of it as is here. */
  partialOriginalFile(id: string): string {
    return join(this.videoDir(id), 'original.part');
  }

  /** What an import needs while it is under way. */
  importDir(id: string): string {
    return join(this.videoDir(id), 'import');
  }

  hlsDir(id: string): string {
    return join(this.videoDir(id), 'hls');
  }

  renditionDir(id: string, rendition: string): string {
    if (!renditionPattern.test(rendition))
      throw new LivereelError('not-found', 'There is no such rendition.');
    return join(this.hlsDir(id), rendition);
  }

  /** Written when the video is over; while it is live the playlist comes from memory. */
  multivariantPlaylistFile(id: string): string {
    return join(this.hlsDir(id), 'index.m3u8');
  }

  /** Written when the video is over, as above. */
  mediaPlaylistFile(id: string, rendition: string): string {
    return join(this.renditionDir(id, rendition), 'stream.m3u8');
  }

  /** `init-0.mp4`: never changes once it is there. */
  initFile(id: string, rendition: string, init: number): string {
    return join(this.renditionDir(id, rendition), `init-${init}.mp4`);
  }

  /** `000012.m4s`: a complete segment, which never changes. */
  segmentFile(id: string, rendition: string, segment: number): string {
    return join(this.renditionDir(id, rendition), `${sixDigits(segment)}.m4s`);
  }

  /** `000012.open`: the segment that is being written; never served. */
  openSegmentFile(id: string, rendition: string, segment: number): string {
    return join(this.renditionDir(id, rendition), `${sixDigits(segment)}.open`);
  }

  /** What players fetch below a rendition, or with null beside them: playlists, segments, subtitles. */
  hlsFile(id: string, rendition: string | null, file: string): string {
    const folder = rendition === null ? this.hlsDir(id) : this.renditionDir(id, rendition);
    return join(folder, checkedName(file));
  }

  /** What is fetched of a video beside its streams: `video.mp4`, stills, captions. */
  watchedFile(id: string, file: string): string {
    return join(this.videoDir(id), checkedName(file));
  }

  /** The progressive MP4 of a finished video. */
  videoFile(id: string): string {
    return join(this.videoDir(id), 'video.mp4');
  }

  /** Ids of all videos that have a folder. */
  async ids(): Promise<string[]> {
    const entries = await readdir(this.root, { withFileTypes: true });
    return entries
      .filter(entry => entry.isDirectory() && idPattern.test(entry.name))
      .map(entry => entry.name);
  }

  /**
   * Deletes all that is stored of a video; nothing happens when there is nothing. Renamed first: all of it is gone for
   * viewers in one moment, and who still writes to it finds no place. Safe at the same moment from two sides.
   */
  async removeVideo(id: string): Promise<void> {
    for (let more = true; more; ) more = await this.setAside(id);
    const aside = (await this.#setAsideNames()).filter(name => name.startsWith(`${id}-`));
    for (const name of aside) await this.#removeSetAside(name);
  }

  /** Takes the folder of a video away from viewers; its bytes stay until they are removed. False: there is none. */
  async setAside(id: string): Promise<boolean> {
    const folder = this.videoDir(id);
    await mkdir(this.deletedDir, { recursive: true, mode: 0o700 });
    try {
      await rename(folder, join(this.deletedDir, `${id}-${randomBytes(6).toString('hex')}`));
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw error;
    }
  }

  /** Removes all that was set aside, also by an earlier life of the server; gives how many folders those were. */
  async removeAllSetAside(): Promise<number> {
    const names = await this.#setAsideNames();
    for (const name of names) await this.#removeSetAside(name);
    return names.length;
  }

  async #setAsideNames(): Promise<string[]> {
    return await readdir(this.deletedDir).catch(() => []);
  }

  async #removeSetAside(name: string): Promise<void> {
    await rm(join(this.deletedDir, name), { recursive: true, force: true, maxRetries: 3 });
  }

  /** Bytes of all files of a video; 0 when it has none. What comes or goes meanwhile may be missed. */
  async storedBytes(id: string): Promise<number> {
    const entries = await readdir(this.videoDir(id), { withFileTypes: true, recursive: true }).catch(
      () => [],
    );
    let bytes = 0;
    for (const entry of entries) {
      if (!entry.isFile()) continue;
      bytes += await lstat(join(entry.parentPath, entry.name)).then(
        ({ size }) => size,
        () => 0,
      );
    }
    return bytes;
  }

  /** What we may still write, as an ordinary user. */
  async freeBytes(): Promise<DiskSpace> {
    const { bavail, blocks, bsize } = await statfs(this.root);
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
  }
}

function checkedName(file: string): string {
  if (!filePattern.test(file)) throw new LivereelError('not-found', 'There is no such file.');
  return file;
}

function sixDigits(number: number): string {
  return String(number).padStart(numberDigits, '0');
}
