import { join } from 'node:path';
import { LivereelError } from '../errors.ts';
import type { FileContainer } from '../media/file-container.ts';
import type { RunSettings } from './background-run.ts';
import { runConversion } from './conversion-run.ts';
import { convertedNames, FileMove, hlsOutput, inputArguments, makeRoom, mp4Output } from './file-move.ts';
import { longestFileSeconds } from './probe.ts';
import type { ProbedFile } from './probe-answer.ts';
import {
  codingArguments,
  codingOf,
  isPureCopy,
  type PictureSize,
  type UploadCoding,
} from './upload-coding.ts';

/** A file to make a video of. `directory` exists, is empty, and is on the content's file system. */
export type Conversion = {
  readonly file: string;
  readonly container: FileContainer;
  readonly probed: ProbedFile;
  readonly directory: string;
  /** How many an encoder may use; 0: as it likes. */
  readonly threads: number;
  /** 0 to 100. */
  readonly onPercent: (percent: number) => void;
};

/** What was made. `isPictureKept`: it is as it was, and players turn it if it is to be turned. */
export type Converted = { readonly frames: number; readonly isPictureKept: boolean };

/**
 * Makes the progressive MP4 and HLS segments of a file. What can stay as it is, is only moved, both outputs in one
 * pass; what cannot be moved after all is encoded. `early`: a move into the same directory that was begun before the
 * file was known; it is gone on with if it is right, and closed otherwise.
 * @throws LivereelError `media-unusable`, `media-too-costly` when the file is at fault, `disk-full`, `program-failed`.
 */
export async function convertUpload(
  settings: RunSettings,
  conversion: Conversion,
  early: FileMove | null = null,
): Promise<Converted> {
  const coding = codingOf(conversion.container, conversion.probed);
  if (!isPureCopy(coding)) {
    await early?.close();
    return encode(settings, conversion, coding);
  }
  try {
    return { frames: await moveFile(settings, conversion, coding, early), isPictureKept: true };
  } catch (error) {
    if (!(error instanceof LivereelError) || error.code !== 'media-unusable') throw error;
    settings.log.info({ reason: error.message }, 'streams cannot be moved as they are: they are encoded');
    return encode(settings, conversion, encodeAll(coding));
  }
}

/** Encodes pictures that could only be moved, and brings them to one size: players go by one header. @throws as `convertUpload`. */
export async function encodePictures(
  settings: RunSettings,
  conversion: Conversion,
  size: PictureSize,
): Promise<Converted> {
  const { audio } = codingOf(conversion.container, conversion.probed);
  return await encode(settings, conversion, { video: 'encode', audio }, size);
}

async function moveFile(
  settings: RunSettings,
  conversion: Conversion,
  coding: UploadCoding,
  early: FileMove | null,
): Promise<number> {
  const streams = codingArguments(conversion, coding);
  if (early?.isOf(streams)) return await early.frames();
  await early?.close();
  const { durationSeconds } = conversion.probed;
  const move = new FileMove(settings, { ...conversion, durationSeconds, streams });
  return await move.frames().finally(() => move.close());
}

async function encode(
  settings: RunSettings,
  { container, file, directory, threads, probed, onPercent }: Conversion,
  coding: UploadCoding,
  size: PictureSize | null = null,
): Promise<Converted> {
  await makeRoom(directory);
  const { durationSeconds } = probed;
  // Minutes and hours of computing wait for whatever else there is to do.
  const patient = { ...settings, niceness: undefined };
  const streams = codingArguments({ container, probed }, coding, size);
  const limits = ['-threads', String(threads), '-t', String(longestFileSeconds)];
  const frames = await runConversion(patient, {
    directory,
    durationSeconds,
    onPercent,
    args: [...inputArguments(container, file), ...streams, ...limits, ...mp4Output],
  });
  // What was encoded is encoded once: the segments are cut from it.
  const moved = ['-map', '0', '-map_metadata', '-1', '-c', 'copy'];
  await runConversion(patient, {
    directory,
    durationSeconds,
    onPercent: () => undefined,
    args: [...inputArguments('mp4', join(directory, convertedNames.video)), ...moved, ...hlsOutput],
  });
  return { frames, isPictureKept: coding.video === 'copy' };
}

function encodeAll({ video, audio }: UploadCoding): UploadCoding {
  return {
    video: video === 'none' ? 'none' : 'encode',
    audio: audio === 'none' ? 'none' : 'encode',
  };
}
