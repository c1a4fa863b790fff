import { LivereelError } from '../errors.ts';
import type { MediaSample } from './media-sample.ts';
import { readBoxHead } from './mp4-box.ts';
import { type FragmentSample, readMovieFragment } from './mp4-fragment.ts';
import { type Mp4TrackHeader, readMovieHeader } from './mp4-track-header.ts';

/** Gets what a fragmented MP4 of one track holds, in order. */
export interface FragmentStreamVisitor {
  header(track: Mp4TrackHeader): void;
  sample(sample: MediaSample): void;
}

const largestBoxBytes = 134_217_728;

/** Takes ffmpeg's fragmented MP4 of one track apart into samples, as the bytes come from its pipe. */
export class FragmentStreamReader {
  readonly #visitor: FragmentStreamVisitor;
  #unread: Buffer[] = [];
  #unreadBytes = 0;
  #neededBytes = 8;
  #tracks: Mp4TrackHeader[] = [];
  #pending: { samples: FragmentSample[]; moofBytes: number } | null = null;

  constructor(visitor: FragmentStreamVisitor) {
    this.#visitor = visitor;
  }

  /** Keeps no copy: samples are views into what is pushed. @throws LivereelError `media-unusable` */
  push(bytes: Buffer): void {
    this.#unread.push(bytes);
    this.#unreadBytes += bytes.length;
    if (this.#unreadBytes < this.#neededBytes) return;
    let data = this.#unread.length === 1 ? bytes : Buffer.concat(this.#unread, this.#unreadBytes);
    for (;;) {
      const taken = this.#box(data);
      if (taken === 0) break;
      data = data.subarray(taken);
    }
    this.#unread = data.length === 0 ? [] : [data];
    this.#unreadBytes = data.length;
  }

  #box(data: Buffer): number {
    const head = readBoxHead(data, 0);
    if (head === 'malformed' || (head !== null && head.sizeBytes > largestBoxBytes)) throw notFragmented();
    this.#neededBytes = head?.sizeBytes ?? 16;
    if (head === null || data.length < head.sizeBytes) return 0;
    this.#neededBytes = 8;
    const content = data.subarray(head.headBytes, head.sizeBytes);
    if (head.type === 'moov') this.#readHeader(content);
    else if (head.type === 'moof') this.#readFragment(content, head.sizeBytes);
    else if (head.type === 'mdat') this.#readSamples(content, head.headBytes);
    return head.sizeBytes;
  }

  #readHeader(moov: Buffer): void {
    this.#tracks = readMovieHeader(Buffer.from(moov));
    const track = this.#tracks[0];
    if (track === undefined) throw new LivereelError('media-unusable', 'ffmpeg wrote an MP4 without a track');
    this.#visitor.header(track);
  }

  #readFragment(moof: Buffer, moofBytes: number): void {
    try {
      this.#pending = { samples: readMovieFragment(moof, this.#tracks)[0]?.samples ?? [], moofBytes };
    } catch (cause) {
      throw cause instanceof RangeError ? notFragmented(cause) : cause;
    }
  }

  #readSamples(content: Buffer, headBytes: number): void {
    if (this.#pending === null) return;
    const { samples, moofBytes } = this.#pending;
    this.#pending = null;
    for (const { offset, sizeBytes, ...sample } of samples) {
      const start = offset - moofBytes - headBytes;
      this.#visitor.sample({ ...sample, data: content.subarray(start, start + sizeBytes) });
    }
  }
}

function notFragmented(cause?: RangeError): LivereelError {
  return new LivereelError('media-unusable', 'ffmpeg wrote something that is no fragmented MP4', { cause });
}
