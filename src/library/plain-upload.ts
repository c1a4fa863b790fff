import type { Readable } from 'node:stream';
import type { Visibility } from '../api/session.ts';
import type { RunSettings } from '../ffmpeg/background-run.ts';
import type { FileLimits } from '../ffmpeg/probe.ts';
import { randomId } from '../store/random-id.ts';
import { examineFile } from './original-file.ts';
import { checkReply } from './reply-access.ts';
import type { Uploader, UploadIntake } from './upload-intake.ts';
import { titleOfFile } from './upload-title.ts';
import type { VideoRow, VideoStore } from './video-store.ts';

/** What a client says about a file, in part behind it. */
export type SaidOfFile = {
  readonly filename: string;
  readonly title?: string | undefined;
  readonly visibility: Visibility;
  readonly replyTo?: string | undefined;
};

// What surrounds the file in a form.
const formOverheadBytes = 65_536;

/** Takes files that come in one request: whoever sent one hears at once whether a video can be made of it. */
export class PlainUploads {
  readonly #intake: UploadIntake;
  readonly #videos: Pick<VideoStore, 'find'>;
  readonly #run: Omit<RunSettings, 'signal'>;
  readonly #limits: FileLimits;
  readonly #closing = new AbortController();

  constructor(
    intake: UploadIntake,
    videos: Pick<VideoStore, 'find'>,
    run: Omit<RunSettings, 'signal'>,
    limits: FileLimits,
  ) {
    this.#intake = intake;
    this.#videos = videos;
    this.#run = run;
    this.#limits = limits;
  }

  /**
   * Takes one file. `read` reads the request, hands the file on and tells what was said of it. `bodyBytes`: of the whole
   * request, null when it is not known. Nothing is left of what is refused.
   * @throws LivereelError as `UploadIntake.begin`; `unsupported-container`, `media-unusable`; what `read` throws.
   */
  async take(
    uploader: Uploader,
    bodyBytes: number | null,
    read: (take: (file: Readable) => Promise<void>) => Promise<SaidOfFile>,
  ): Promise<VideoRow> {
    const intake = this.#intake;
    const videoId = randomId();
    // Nobody else's until it is known for whom it is meant; refused before its bytes when there is no room for them.
    const nothingSaid = { title: 'Untitled', visibility: 'private' as const, replyTo: undefined };
    const sizeBytes = bodyBytes === null ? null : Math.max(0, bodyBytes - formOverheadBytes);
    await intake.begin({ ...nothingSaid, videoId, secret: '', sizeBytes, metadata: null }, uploader);
    try {
      const said = await read(async file => {
        await intake.append(videoId, 0, file);
      });
      await checkReply(said.replyTo, uploader.asker, this.#videos);
      const settings = { ...this.#run, signal: this.#closing.signal };
      await examineFile(settings, intake.partialFile(videoId), this.#limits);
      const title = said.title ?? titleOfFile(said.filename);
      return await intake.finish(videoId, {
        title,
        visibility: said.visibility,
        replyTo: said.replyTo ?? null,
      });
    } catch (error) {
      await intake.abandon(videoId, error instanceof Error ? error.message : 'refused');
      throw error;
    }
  }

  /** Stops what is being examined. Never throws. */
  close(): void {
    this.#closing.abort();
  }
}
