import type { Log } from '../log.ts';
import type { NamedModel } from './model-catalogue.ts';
import { readModelFile } from './model-file.ts';
import type { DownloadProgress, ModelStore } from './model-store.ts';
import { OpenAiRecogniser } from './openai-recogniser.ts';
import { Patience } from './patience.ts';
import { type Recogniser, speechSampleRate } from './recogniser.ts';
import { whisperProgram } from './whisper-program.ts';
import { WhisperServer } from './whisper-server.ts';

export type LocalRecogniserOptions = {
  readonly model: NamedModel;
  readonly models: ModelStore;
  /** Of the pid file: one name for each that runs at the same time. */
  readonly name: string;
  /** undefined: what the set-up built. */
  readonly programPath: string | undefined;
  readonly threads: number | undefined;
  readonly runDir: string;
  readonly onDownload: (progress: DownloadProgress) => void;
  readonly log: Log;
};

/** A recogniser and what stands behind it; whoever opened it closes it. */
export type OpenedRecogniser = {
  readonly recogniser: Recogniser;
  /** The model's name, for people and records. */
  readonly modelName: string;
  /** Safe to call twice, never throws. */
  close(): Promise<void>;
};

const positionsPerSecond = 50;
const oneSecond = new Int16Array(speechSampleRate);
/** Whisper hears no more at once, whatever a model's window. */
const longestWindowSeconds = 30;
/**
 * The first answer of a large model on a slow machine takes a minute. Later ones: what is said goes unheard for 2.2 s, then for
 * this long when the recogniser hangs, and then it starts again; all within the bound of 10 s nothing is lost.
 */
export const localPatience = { beforeFirstSeconds: 120, leastSeconds: 6 };

/**
 * Starts whisper.cpp beside us: finds the program, fetches the model when it is not there, resolves when it listens.
 * @throws LivereelError `program-missing`, `program-failed`, `model-unavailable`, `recogniser-failed`, with what to do;
 * the signal's reason.
 */
export async function openLocalRecogniser(
  options: LocalRecogniserOptions,
  signal: AbortSignal,
): Promise<OpenedRecogniser> {
  const { model, models, name, threads, runDir, onDownload, log } = options;
  const program = whisperProgram(options.programPath);
  const path = model.kind === 'file' ? model.path : await models.fetch(model, onDownload, signal);
  const { audioPositions } = await readModelFile(path);
  const server = await WhisperServer.start({ program, modelPath: path, name, threads, runDir, log }, signal);
  const recogniser = new OpenAiRecogniser({
    server,
    reader: { kind: 'whisper.cpp', audioPositions },
    longestRequestSeconds: Math.min(longestWindowSeconds, audioPositions / positionsPerSecond),
    key: undefined,
    // It takes one after the other anyway; what waits here can still be given up at no cost.
    atOnce: 1,
    patience: new Patience(localPatience),
  });
  const close = async () => {
    recogniser.close();
    await server.close();
  };
  try {
    // Whether it computes here at all is known now, not with the first words; and how long an answer takes.
    await recogniser.transcribe({ pcm: oneSecond, language: 'en', prompt: '', isFullContext: false }, signal);
  } catch (error) {
    await close();
    throw error;
  }
  return { recogniser, modelName: model.name, close };
}
