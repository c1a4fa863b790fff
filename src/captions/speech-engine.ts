import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from '../config.ts';
import { LivereelError } from '../errors.ts';
import type { Log } from '../log.ts';
import { type OpenedRecogniser, openLocalRecogniser } from './local-recogniser.ts';
import { namedModel, presetModel } from './model-catalogue.ts';
import { readModelFile } from './model-file.ts';
import { type DownloadProgress, ModelStore } from './model-store.ts';
import type { Hypothesis, Recogniser, SpeechRequest } from './recogniser.ts';
import { openRemoteRecogniser } from './remote-recogniser.ts';
import { isBeingBuilt } from './whisper-program.ts';

/** How far captioning is. `reason` is for people and says what to do. */
export type SpeechEngineState =
  | { readonly kind: 'off' }
  | { readonly kind: 'starting' }
  /** The set-up still builds the recogniser. */
  | { readonly kind: 'building' }
  | { readonly kind: 'downloading'; readonly model: string; readonly percent: number }
  | { readonly kind: 'ready'; readonly model: string }
  /** Tried again from time to time. */
  | { readonly kind: 'unavailable'; readonly reason: string };

export type SpeechEngineOptions = {
  readonly config: Pick<
    Config,
    | 'captions'
    | 'whisperModel'
    | 'whisperFinalModel'
    | 'whisperUrl'
    | 'whisperKey'
    | 'whisperModelUrl'
    | 'whisperThreads'
    | 'whisperServerPath'
  >;
  /** CONTENT_DIR/models. */
  readonly modelsDir: string;
  readonly runDir: string;
  /** Told of each change, for whoever shows it. */
  readonly onState?: (state: SpeechEngineState) => void;
  readonly log: Log;
};

const presetRemoteModel = 'whisper-1';
const liveName = 'recogniser';
const finalName = 'final-recogniser';
/** What a model takes at once that is not there yet. */
const presumedRequestSeconds = 30;
const lookForProgramSeconds = 2;
const firstRetrySeconds = 30;
const longestRetrySeconds = 600;

/**
 * The server's one recogniser of speech, whichever is configured, and all that stands behind it: the program, the
 * model, the download. It is there from the start and prepares itself beside the server, which it never delays and
 * never stops: what fails is told once in the log with what to do, and tried again from time to time.
 *
 * To wire it: `own(SpeechEngine.start({ config, modelsDir: content.modelsDir, runDir: content.runDir, log }))`,
 * hand it to the `Captioner` as its `recogniser`, and open no track while `isHopeless`.
 */
export class SpeechEngine implements Recogniser {
  readonly #options: SpeechEngineOptions;
  readonly #models: ModelStore;
  readonly #closed = new AbortController();
  #state: SpeechEngineState = { kind: 'starting' };
  #opened: OpenedRecogniser | undefined;
  #longestRequestSeconds = presumedRequestSeconds;
  #preparing: Promise<void> = Promise.resolve();
  /** Resolves when the first try is over, however it went. */
  #firstTry: Promise<void> = Promise.resolve();

  private constructor(options: SpeechEngineOptions) {
    this.#options = options;
    const { config, modelsDir, log } = options;
    this.#models = new ModelStore({ folder: modelsDir, baseUrl: config.whisperModelUrl, log });
  }

  /** Returns at once; whatever happens to it later is told by `state`. */
  static start(options: SpeechEngineOptions): SpeechEngine {
    const engine = new SpeechEngine(options);
    if (options.config.captions) engine.#begin();
    else engine.#is({ kind: 'off' });
    return engine;
  }

  get state(): SpeechEngineState {
    return this.#state;
  }

  /** True: it is off, or cannot work before a person has done something; sound need not be made for it. */
  get isHopeless(): boolean {
    return this.#state.kind === 'off' || this.#state.kind === 'unavailable';
  }

  /** Why nobody hears now, part of a sentence for viewers: what to do about it is said in the log. null: it hears. */
  get absence(): string | null {
    return absenceOf(this.#state);
  }

  /** 30 until the model is known. */
  get longestRequestSeconds(): number {
    return this.#opened?.recogniser.longestRequestSeconds ?? this.#longestRequestSeconds;
  }

  /** The model that listens, as records name it. */
  get modelName(): string {
    const { whisperModel, whisperUrl } = this.#options.config;
    return whisperModel ?? (whisperUrl === undefined ? presetModel : presetRemoteModel);
  }

  /**
   * Waits while the recogniser starts, but not while it is built or fetched.
   * @throws LivereelError `recogniser-failed`; `captions-unavailable` with the reason; the signal's reason.
   */
  async transcribe(request: SpeechRequest, signal: AbortSignal): Promise<Hypothesis> {
    if (this.#state.kind === 'starting') await unless(signal, this.#firstTry);
    if (this.#opened !== undefined) return await this.#opened.recogniser.transcribe(request, signal);
    throw new LivereelError('captions-unavailable', sentenceOf(this.#state));
  }

  /**
   * Another recogniser with WHISPER_FINAL_MODEL, for transcripts after the end: opened when one is due and closed by
   * who opened it. undefined: the same model is to be used, so take the live one. One at a time.
   * @throws LivereelError `program-missing`, `program-failed`, `model-unavailable`; the signal's reason.
   */
  async openFinal(signal: AbortSignal): Promise<OpenedRecogniser | undefined> {
    const { captions, whisperFinalModel } = this.#options.config;
    if (!captions || whisperFinalModel === undefined || whisperFinalModel === this.modelName)
      return undefined;
    const until = AbortSignal.any([signal, this.#closed.signal]);
    return await this.#open(whisperFinalModel, finalName, () => undefined, until);
  }

  /** Lets go of everything at once. Safe to call twice, never throws. */
  async close(): Promise<void> {
    this.#closed.abort(new LivereelError('captions-unavailable', 'The server is stopping.'));
    await this.#preparing;
    const opened = this.#opened;
    this.#opened = undefined;
    await opened?.close();
  }

  #begin(): void {
    const first = this.#try();
    this.#firstTry = first.then(() => undefined);
    this.#preparing = first.then(error => this.#goOn(error)).catch(() => undefined);
  }

  /** Tries until it works, or is closed. */
  async #goOn(error: unknown): Promise<void> {
    let retrySeconds = firstRetrySeconds;
    for (let wrong = error; wrong !== undefined && !this.#closed.signal.aborted; wrong = await this.#try()) {
      // A program that is being built, or was installed meanwhile, is found soon.
      const isMissing = wrong instanceof LivereelError && wrong.code === 'program-missing';
      await delay((isMissing ? lookForProgramSeconds : retrySeconds) * 1_000, undefined, {
        signal: this.#closed.signal,
        ref: false,
      });
      if (!isMissing) retrySeconds = Math.min(longestRetrySeconds, 2 * retrySeconds);
    }
  }

  /** The error when it failed, undefined when it works. */
  async #try(): Promise<unknown> {
    const signal = this.#closed.signal;
    try {
      await this.#learnWindow();
      const onDownload = (progress: DownloadProgress) => this.#downloads(progress);
      const opened = await this.#open(this.modelName, liveName, onDownload, signal);
      if (signal.aborted) {
        await opened.close();
        return undefined;
      }
      this.#opened = opened;
      this.#is({ kind: 'ready', model: opened.modelName });
      return undefined;
    } catch (error) {
      if (signal.aborted) return error;
      const isKnown = error instanceof LivereelError;
      if (isKnown && error.code === 'program-missing' && isBeingBuilt()) this.#is({ kind: 'building' });
      else this.#is({ kind: 'unavailable', reason: isKnown ? error.message : String(error) });
      return error;
    }
  }

  /** A file tells its window before the recogniser runs; whoever asks meanwhile should know. */
  async #learnWindow(): Promise<void> {
    if (this.#options.config.whisperUrl !== undefined) return;
    const model = namedModel(this.modelName);
    if (model.kind !== 'file') return;
    const { audioPositions } = await readModelFile(model.path);
    this.#longestRequestSeconds = Math.min(presumedRequestSeconds, audioPositions / 50);
  }

  async #open(
    modelName: string,
    name: string,
    onDownload: (progress: DownloadProgress) => void,
    signal: AbortSignal,
  ): Promise<OpenedRecogniser> {
    const { config, runDir, log } = this.#options;
    const { whisperUrl, whisperKey, whisperThreads, whisperServerPath } = config;
    if (whisperUrl !== undefined)
      return openRemoteRecogniser({ url: whisperUrl, key: whisperKey, modelName });
    return await openLocalRecogniser(
      {
        model: namedModel(modelName),
        models: this.#models,
        name,
        programPath: whisperServerPath,
        threads: whisperThreads,
        runDir,
        onDownload,
        log,
      },
      signal,
    );
  }

  #downloads({ receivedBytes, totalBytes }: DownloadProgress): void {
    const percent = totalBytes > 0 ? Math.floor((100 * receivedBytes) / totalBytes) : 0;
    if (this.#state.kind === 'downloading' && this.#state.percent === percent) return;
    this.#is({ kind: 'downloading', model: this.modelName, percent });
  }

  #is(state: SpeechEngineState): void {
    const before = this.#state;
    this.#state = state;
    this.#options.onState?.(state);
    const { log } = this.#options;
    const isSame =
      before.kind === state.kind && (state.kind !== 'unavailable' || sentenceOf(before) === state.reason);
    if (isSame) return;
    if (state.kind === 'ready') log.info({ model: state.model }, 'the recogniser listens');
    else if (state.kind === 'unavailable') log.warn({ reason: state.reason }, 'no captions');
    else log.info({ state: state.kind }, sentenceOf(state));
  }
}

function sentenceOf(state: SpeechEngineState): string {
  switch (state.kind) {
    case 'off':
      return 'Captions are off (CAPTIONS=off).';
    case 'starting':
      return 'The recogniser is starting.';
    case 'building':
      return 'The recogniser is being built; captions begin when it is done, in some minutes.';
    case 'downloading':
      return `The speech model ${state.model} is being fetched; captions begin when it is here.`;
    case 'ready':
      return `The recogniser listens with the model ${state.model}.`;
    case 'unavailable':
      return state.reason;
  }
}

function absenceOf(state: SpeechEngineState): string | null {
  switch (state.kind) {
    case 'starting':
    case 'ready':
      return null;
    case 'off':
      return 'this server makes none';
    case 'building':
      return 'the recogniser is being built, which takes some minutes';
    case 'downloading':
      return `the speech model ${state.model} is being fetched: ${state.percent} %`;
    case 'unavailable':
      return 'this server has no speech recogniser; its log says what it needs';
  }
}

/** @throws the signal's reason, as soon as it has one. */
async function unless(signal: AbortSignal, promise: Promise<void>): Promise<void> {
  signal.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const giveUp = () => reject(signal.reason);
    signal.addEventListener('abort', giveUp, { once: true });
    void promise.finally(() => {
      signal.removeEventListener('abort', giveUp);
      resolve();
    });
  });
}
