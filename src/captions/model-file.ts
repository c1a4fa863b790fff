import { open } from 'node:fs/promises';
import { LivereelError } from '../errors.ts';

/** What the beginning of a model's file tells about it. */
export type SpeechModel = {
  /** Absolute. */
  readonly path: string;
  /** Positions of the encoder's window, 50 a second of sound: 1500 for OpenAI's models. */
  readonly audioPositions: number;
  /** False: English only. */
  readonly isMultilingual: boolean;
};

/** `ggml`, as whisper.cpp's files begin (a little-endian number). */
const magic = 0x67676d6c;
const headerBytes = 12;
/** Tokens of OpenAI's multilingual models; those for English alone have fewer. */
const multilingualVocabulary = 51_865;
const mostAudioPositions = 100_000;

/**
 * Reads the header of a model in whisper.cpp's ggml format.
 * @throws LivereelError `model-unavailable` for a file that cannot be read, or is none.
 */
export async function readModelFile(path: string): Promise<SpeechModel> {
  const header = Buffer.alloc(headerBytes);
  try {
    const file = await open(path);
    await file.read(header, 0, headerBytes, 0).finally(() => file.close());
  } catch (cause) {
    throw new LivereelError(
      'model-unavailable',
      `The speech model ${path} cannot be read: ${(cause as Error).message}. Check WHISPER_MODEL.`,
      { cause },
    );
  }
  const audioPositions = header.readInt32LE(8);
  if (header.readUInt32LE(0) !== magic || audioPositions <= 0 || audioPositions > mostAudioPositions) {
    throw new LivereelError(
      'model-unavailable',
      `${path} is no model in whisper.cpp's ggml format (ggml-*.bin). Check WHISPER_MODEL.`,
    );
  }
  return { path, audioPositions, isMultilingual: header.readInt32LE(4) >= multilingualVocabulary };
}
