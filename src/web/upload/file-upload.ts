import { type DetailedError, Upload } from 'tus-js-client';

/** How far an upload is. `waiting`: the connection is lost, it goes on by itself. */
export type UploadState = 'starting' | 'sending' | 'waiting' | 'done' | 'failed' | 'cancelled';

// Twice at once, then patiently: a server restarts in seconds, a train leaves its tunnel in minutes.
const retryDelays = [0, 500, 1_000, 2_000, 3_000, 5_000, 5_000, 10_000, 10_000, 20_000, 30_000, 60_000];
const speedOverMillis = 5_000;

/**
 * Sends one file to the server, resumed after a lost connection, also after a reload of the page when the same file is
 * chosen again. Event `change`. Owned by the page that shows it.
 */
export class FileUpload extends EventTarget {
  readonly file: File;
  readonly #upload: Upload;
  #state: UploadState = 'starting';
  #sentBytes = 0;
  #videoId: string | undefined;
  #reason: string | undefined;
  #marks: { readonly atMillis: number; readonly bytes: number }[] = [];

  constructor(file: File, title: string) {
    super();
    this.file = file;
    this.#upload = new Upload(file, {
      endpoint: '/uploads',
      retryDelays,
      metadata: { filename: file.name, ...(title !== '' && { title }) },
      removeFingerprintOnSuccess: true,
      onShouldRetry: error => {
        const status = (error as DetailedError).originalResponse?.getStatus() ?? 0;
        const goesOn = status === 0 || status >= 500 || [409, 423, 429].includes(status);
        if (goesOn) this.#become('waiting');
        return goesOn;
      },
      onAfterResponse: (_request, response) => {
        this.#videoId ??= response.getHeader('Livereel-Video-Id') ?? undefined;
      },
      onProgress: sentBytes => this.#progressed(sentBytes),
      onSuccess: () => this.#become('done'),
      onError: error => this.#fail(error),
    });
    void this.#start();
  }

  get state(): UploadState {
    return this.#state;
  }

  /** What the server is known to have, or what is on its way. */
  get sentBytes(): number {
    return this.#sentBytes;
  }

  /** 0 to 1. */
  get ratio(): number {
    return this.file.size === 0 ? 0 : this.#sentBytes / this.file.size;
  }

  /** Seconds until all is sent, as fast as it goes now; undefined while that cannot be told. */
  get remainingSeconds(): number | undefined {
    const [first, last] = [this.#marks[0], this.#marks.at(-1)];
    if (this.#state !== 'sending' || first === undefined || last === undefined) return undefined;
    const bytesPerMilli = (last.bytes - first.bytes) / (last.atMillis - first.atMillis);
    return bytesPerMilli > 0 ? (this.file.size - this.#sentBytes) / bytesPerMilli / 1_000 : undefined;
  }

  /** Of the video that it becomes; known once the server has answered. */
  get videoId(): string | undefined {
    return this.#videoId;
  }

  /** Why it failed, for people. */
  get reason(): string | undefined {
    return this.#reason;
  }

  /** Tries again after a failure, from where the server stands. */
  retry(): void {
    this.#reason = undefined;
    this.#become('starting');
    this.#upload.start();
  }

  /** Gives it up; the server forgets it. Safe to call twice. */
  cancel(): void {
    if (this.#state === 'done' || this.#state === 'cancelled') return;
    this.#become('cancelled');
    void this.#upload.abort(true).catch(() => undefined);
  }

  /** Stops sending without giving up: the page goes. */
  pause(): void {
    if (this.#state !== 'done') void this.#upload.abort().catch(() => undefined);
  }

  async #start(): Promise<void> {
    const [known] = await this.#upload.findPreviousUploads().catch(() => []);
    if (this.#state === 'cancelled') return;
    if (known !== undefined) {
      this.#upload.resumeFromPreviousUpload(known);
      this.#videoId = /\/([0-9A-Za-z]{12})-[0-9A-Za-z]+$/.exec(known.uploadUrl ?? '')?.[1];
    }
    this.#upload.start();
  }

  #progressed(sentBytes: number): void {
    const atMillis = performance.now();
    this.#sentBytes = sentBytes;
    this.#marks = this.#marks.filter(mark => atMillis - mark.atMillis < speedOverMillis);
    this.#marks.push({ atMillis, bytes: sentBytes });
    this.#become('sending');
  }

  #fail(error: Error | DetailedError): void {
    const body = 'originalResponse' in error ? (error.originalResponse?.getBody() ?? '') : '';
    this.#reason = detailOf(body) ?? 'The server cannot be reached. Check the connection, then try again.';
    this.#become('failed');
  }

  #become(state: UploadState): void {
    if (this.#state === 'cancelled') return;
    this.#state = state;
    if (state !== 'sending') this.#marks = [];
    this.dispatchEvent(new Event('change'));
  }
}

/** What a problem of RFC 9457 says to a person; undefined when the answer is none. */
function detailOf(body: string): string | undefined {
  try {
    const { detail } = JSON.parse(body) as { detail?: unknown };
    return typeof detail === 'string' ? detail : undefined;
  } catch {
    return undefined;
  }
}
