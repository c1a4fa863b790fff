import type { TemplatedApp } from 'uWebSockets.js';
import { LivereelError } from '../errors.ts';
import { type CaptionFormat, captionFile, captionFormats } from '../library/caption-files.ts';
import { type CaptionShelf, transcriptOf } from '../library/known-captions.ts';
import type { Log } from '../log.ts';
import { DataResponse } from './data-response.ts';
import { standingOf, type WatchedVideos } from './watched-video.ts';

const types: Readonly<Record<CaptionFormat, string>> = {
  vtt: 'text/vtt; charset=utf-8',
  srt: 'application/x-subrip; charset=utf-8',
  txt: 'text/plain; charset=utf-8',
  json: 'application/json',
};

/** What is said as a file, while it is live: `/videos/<id>/captions.*`. Once it is over nginx has the files. */
export function addCaptionRoutes(
  app: TemplatedApp,
  videos: WatchedVideos,
  shelf: Pick<CaptionShelf, 'known' | 'whyNone'>,
  log: Log,
): void {
  app.get('/videos/:id/:file', (response, request) => {
    const data = new DataResponse(response, log);
    const [id, file] = [request.getParameter(0) ?? '', request.getParameter(1) ?? ''];
    void data.run(async () => {
      const format = captionFormats.find(known => file === `captions.${known}`);
      if (format === undefined) throw new LivereelError('not-found', 'there is no such file');
      const { known } = await standingOf(id, videos, shelf);
      if (known === undefined) throw new LivereelError('not-found', 'this video has no captions so far');
      const headers = ['Content-Type', types[format], 'Cache-Control', 'no-store'];
      headers.push('Access-Control-Allow-Origin', '*');
      data.send('200 OK', headers, captionFile(format, transcriptOf(known)));
    });
  });
}
