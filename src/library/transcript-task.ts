import type { OpenedRecogniser } from '../captions/local-recogniser.ts';
import type { SpeechDetector } from '../captions/speech-detector.ts';
import { type Transcript, transcribe } from '../captions/transcriber.ts';
import type { RunSettings } from '../ffmpeg/background-run.ts';
import { decodeSpeech } from '../ffmpeg/decoded-speech.ts';
import type { TaskContext } from '../jobs/task-handler.ts';
import type { Log } from '../log.ts';
import type { ContentDirectory } from '../store/content-directory.ts';
import type { VideoRow, VideoStore } from './video-store.ts';
import type { VideoTaskHandler } from './video-task.ts';

/** Where transcripts go. */
export interface Transcripts {
  /** Keeps the final transcript of a video in place of what was known of it; safe to repeat. */
  keep(videoId: string, transcript: Transcript & { readonly model: string }): Promise<void>;
}

/** What transcripts are made with and kept in. */
export type TranscriptTaskParts = {
  /** Rejects while no recogniser is to be had. */
  readonly openRecogniser: (signal: AbortSignal) => Promise<OpenedRecogniser>;
  readonly newDetector: () => SpeechDetector;
  readonly videos: Pick<VideoStore, 'heardLanguage'>;
  readonly transcripts: Transcripts;
  readonly content: Pick<ContentDirectory, 'videoFile'>;
  readonly run: Omit<RunSettings, 'signal'>;
  readonly log: Log;
};

// Hearing a machine that is busy with what is live may take far longer than the video lasts.
const leastLimitSeconds = 3_600;
const limitGrowth = 20;

/**
 * Makes the final transcript of a video, behind all that is live. It runs in the server: the one recogniser lives
 * there, and so does the fairness between what is live and what is not (docs/decisions/0018-background-tasks.md).
 */
export function transcriptTask(parts: TranscriptTaskParts): VideoTaskHandler {
  return {
    task: 'transcript',
    limitSeconds: ({ durationSeconds }) => Math.max(leastLimitSeconds, limitGrowth * (durationSeconds ?? 0)),
    run: async (video, context) => {
      const opened = await parts.openRecogniser(context.signal);
      try {
        await transcribeVideo(parts, opened, video, context);
      } finally {
        await opened.close();
      }
    },
  };
}

async function transcribeVideo(
  { content, transcripts, videos, newDetector, run, log }: TranscriptTaskParts,
  { recogniser, modelName: model }: OpenedRecogniser,
  { id, language: wish, durationSeconds }: VideoRow,
  { signal, progress }: TaskContext,
): Promise<void> {
  const startedAtMillis = performance.now();
  const language = wish === 'auto' ? null : (wish.split('-')[0] as string);
  const onProgress = (seconds: number) =>
    progress((100 * seconds) / (durationSeconds || Number.POSITIVE_INFINITY));
  const sound = decodeSpeech({ ...run, signal }, content.videoFile(id), signal);
  const transcript = await transcribe(
    sound,
    { recogniser, detector: newDetector(), language, onProgress },
    signal,
  );
  // One that was begun anew meanwhile must not overwrite the other's words.
  signal.throwIfAborted();
  await transcripts.keep(id, { ...transcript, model });
  if (language === null && transcript.language !== null) await videos.heardLanguage(id, transcript.language);
  const words = transcript.segments.reduce((sum, segment) => sum + segment.words.length, 0);
  const tookSeconds = (performance.now() - startedAtMillis) / 1_000;
  log.info({ sessionId: id, model, words, tookSeconds, language: transcript.language }, 'transcript made');
}
