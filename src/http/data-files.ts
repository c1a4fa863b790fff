import type { HttpRequest, HttpResponse, TemplatedApp } from 'uWebSockets.js';
import { readFile } from 'node:fs/promises';
import { LivereelError } from '../errors.ts';
import { ticketedThumbnails } from '../hls/ticketed-playlist.ts';
import { type CaptionFormat, captionFile, captionFormats } from '../library/caption-files.ts';
import { type CaptionShelf, transcriptOf } from '../library/known-captions.ts';
import type { Log } from '../log.ts';
import type { ContentDirectory } from '../store/content-directory.ts';
import { admit, handOver, isFile, requireAdmitted, type ViewerGate } from './admitted-viewer.ts';
import { DataResponse } from './data-response.ts';
import { type FileAddress, readFileAddress } from './media-address.ts';

const types: Readonly<Record<CaptionFormat, string>> = {
  vtt: 'text/vtt; charset=utf-8',
  srt: 'application/x-subrip; charset=utf-8',
  txt: 'text/plain; charset=utf-8',
  json: 'application/json',
};

/** What is needed to send what is fetched of a video beside its streams. */
export type FileParts = {
  readonly shelf: Pick<CaptionShelf, 'known'>;
  readonly gate: ViewerGate;
  readonly content: Pick<ContentDirectory, 'watchedFile'>;
  readonly log: Log;
};

/**
 * What nginx does not find below `/videos/`: captions of what is live, and viewers whom nothing admits yet. What is
 * finished nginx sends, once they are let in.
 */
export function addFileRoutes(app: TemplatedApp, parts: FileParts): void {
  const answer = (response: HttpResponse, request: HttpRequest) => {
    const data = new DataResponse(response, parts.log, request.getMethod() === 'head');
    const address = readFileAddress(request.getUrl());
    const token = address?.ticket ?? (request.getQuery('token') || null);
    void data.run(async () => {
      if (address === null) throw new LivereelError('not-found', 'there is nothing at this address');
      await send(data, address, token, parts);
    });
  };
  app.get('/videos/*', answer);
  app.head('/videos/*', answer);
}

async function send(
  data: DataResponse,
  address: FileAddress,
  token: string | null,
  { shelf, gate, content }: FileParts,
): Promise<void> {
  const { id, ticket, file: name } = address;
  await admit(gate, id, token);
  const file = content.watchedFile(id, name);
  if (name === 'storyboard.vtt' && token !== null && ticket === null && gate.isAdmitted(id, token)) {
    const text = await readFile(file, 'utf8').catch(() => null);
    if (text === null) throw new LivereelError('not-found', 'there is no such file');
    data.send('200 OK', headersFor(types.vtt, 'private, max-age=3600'), ticketedThumbnails(text, token));
    return;
  }
  const format = captionFormats.find(known => name === `captions.${known}`);
  const isKept = format === undefined || (await isFile(file));
  if (isKept) return handOver(data, gate, address, token, file);
  const known = await shelf.known(id);
  if (known === undefined) throw new LivereelError('not-found', 'this video has no captions so far');
  requireAdmitted(gate, id, token);
  data.send('200 OK', headersFor(types[format], 'no-store'), captionFile(format, transcriptOf(known)));
}

function headersFor(type: string, cacheControl: string): string[] {
  return ['Content-Type', type, 'Cache-Control', cacheControl];
}
