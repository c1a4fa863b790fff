import { randomBytes } from 'node:crypto';
import { wavHeader } from '../media/wav-header.ts';
import { type SpeechRequest, speechSampleRate } from './recogniser.ts';
import { whisperLanguage } from './spoken-languages.ts';

/** A request's body in pieces, in the order in which they are sent. */
export type TranscriptionForm = {
  readonly contentType: string;
  readonly contentLength: number;
  /** How much of its window the model is to look at, for the sound in it. */
  readonly heardSeconds: number;
  readonly pieces: readonly Uint8Array[];
};

/** Whom the form is for: whisper.cpp's own server takes settings that others refuse. */
export type FormReader =
  /** `audioPositions`: how many the model's encoder has, 50 a second of sound. */
  | { readonly kind: 'whisper.cpp'; readonly audioPositions: number }
  | { readonly kind: 'openai'; readonly model: string };

const positionsPerSecond = 50;
// Whisper was trained on windows that end in silence: without some of it the last words are lost (a window as long as
// the sound). What is over holds 0.3 s of silence itself. Measured on the test clips, see docs/decisions/0009-recogniser.md.
const marginSeconds = 1;
// What is heard again in a moment may lose a word at its end.
const partialMarginSeconds = 0.5;
const positionsStep = 64;
const longestPromptCharacters = 1_000;

/**
 * The body of `POST /v1/audio/transcriptions` as multipart/form-data (RFC 7578), the sound as WAV. The samples are not
 * copied: they must stay as they are until they are sent.
 */
export function transcriptionForm(request: SpeechRequest, reader: FormReader): TranscriptionForm {
  const { pcm } = request;
  const sound = new Uint8Array(pcm.buffer, pcm.byteOffset, pcm.byteLength);
  const boundary = `livereel-${randomBytes(16).toString('hex')}`;
  const fields = fieldsOf(request, reader).map(
    ([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  const file =
    `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="speech.wav"\r\n` +
    'Content-Type: audio/wav\r\n\r\n';
  const head = Buffer.concat([
    Buffer.from(fields.join('') + file),
    wavHeader(sound.byteLength, speechSampleRate),
  ]);
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    contentLength: head.byteLength + sound.byteLength + tail.byteLength,
    heardSeconds: heardSeconds(request, reader),
    pieces: [head, sound, tail],
  };
}

/** The part of the model's window that a request needs; 0: all of it. */
export function audioPositionsFor(request: SpeechRequest, audioPositions: number): number {
  if (request.isFullContext) return 0;
  const margin = request.isPartial ? partialMarginSeconds : marginSeconds;
  const seconds = request.pcm.length / speechSampleRate + margin;
  const positions = Math.ceil((seconds * positionsPerSecond) / positionsStep) * positionsStep;
  return positions < audioPositions ? positions : 0;
}

function heardSeconds(request: SpeechRequest, reader: FormReader): number {
  if (reader.kind === 'openai') return request.pcm.length / speechSampleRate;
  return (audioPositionsFor(request, reader.audioPositions) || reader.audioPositions) / positionsPerSecond;
}

function fieldsOf(request: SpeechRequest, reader: FormReader): [string, string][] {
  const prompt = request.prompt.slice(-longestPromptCharacters);
  const language = request.language === null ? null : whisperLanguage(request.language);
  const fields: [string, string][] = [
    ['response_format', 'verbose_json'],
    ['temperature', '0'],
  ];
  if (prompt !== '') fields.push(['prompt', prompt]);
  if (reader.kind === 'openai') {
    if (language !== null) fields.push(['language', language]);
    return [
      ...fields,
      ['model', reader.model],
      ['timestamp_granularities[]', 'word'],
      ['timestamp_granularities[]', 'segment'],
    ];
  }
  // Without this it decodes again and again, warmer each time, whenever it is unsure.
  fields.push(['temperature_inc', '0']);
  fields.push(['language', language ?? 'auto']);
  // Noises in brackets and notes are nothing that was said.
  fields.push(['suppress_nst', 'true']);
  // What it heard before in the same request is no help; a prompt is, and needs room.
  if (prompt === '') fields.push(['max_context', '0']);
  const positions = audioPositionsFor(request, reader.audioPositions);
  if (positions > 0) fields.push(['audio_ctx', String(positions)]);
  return fields;
}
