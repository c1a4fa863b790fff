import type { FileContainer } from '../media/file-container.ts';
import type { ProbedAudio, ProbedFile, ProbedVideo } from './probe-answer.ts';

/** What is done with each kind of stream: taken as it is, encoded anew, or not there. */
export type UploadCoding = {
  readonly video: 'copy' | 'encode' | 'none';
  readonly audio: 'copy' | 'encode' | 'none';
};

// 8 bit, 4:2:0: what every browser and phone decodes.
const playedPixelFormats = new Set(['yuv420p', 'yuvj420p']);
const playedAacProfiles = new Set(['LC', 'HE-AAC', 'HE-AACv2']);
// These tell no times of pictures that are shown in another order than they are coded in.
const timelessContainers = new Set<FileContainer>(['avi', 'asf']);
const framedContainers = new Set<FileContainer>(['mpegts', 'avi']);
// A player that waits for sound where there is none stalls: it gets silence instead.
const toleratedSilenceSeconds = 0.5;
// Larger pictures are encoded at this: a small machine would take hours for more.
const longestEncodedSide = 1_920;
const mostFramesPerSecond = 120;

/** H.264 and AAC that browsers play stay as they are, bit for bit; everything else is encoded anew. */
export function codingOf(container: FileContainer, { video, audio }: ProbedFile): UploadCoding {
  return {
    video: video === null ? 'none' : isPlayedVideo(container, video) ? 'copy' : 'encode',
    audio: audio === null ? 'none' : isPlayedAudio(audio, video) ? 'copy' : 'encode',
  };
}

/** Nothing is encoded: one pass over the file makes all that is needed. */
export function isPureCopy({ video, audio }: UploadCoding): boolean {
  return video !== 'encode' && audio !== 'encode';
}

/** Width and height, pixels. */
export type PictureSize = { readonly width: number; readonly height: number };

/** Arguments that choose a file's streams and code them, for one output. `size`: pictures of several are fitted into it. */
export function codingArguments(
  { container, probed: { video, audio } }: { readonly container: FileContainer; readonly probed: ProbedFile },
  coding: UploadCoding,
  size: PictureSize | null = null,
): string[] {
  const args = chosenStreams(video?.index ?? null, audio?.index ?? null);
  if (coding.video === 'copy') args.push('-c:v', 'copy');
  if (coding.video === 'encode' && video !== null) args.push(...encodedVideo(video, size));
  if (coding.audio === 'copy') args.push('-c:a', 'copy');
  // There each frame of sound has a header of its own (ADTS).
  if (coding.audio === 'copy' && framedContainers.has(container)) args.push('-bsf:a', 'aac_adtstoasc');
  if (coding.audio === 'encode' && audio !== null) args.push(...encodedAudio(audio, video));
  return args;
}

/** The same for an MP4 whose picture and sound stay as they are. `audioIndex`: null without sound. */
export function movingArguments(videoIndex: number, audioIndex: number | null): string[] {
  const args = [...chosenStreams(videoIndex, audioIndex), '-c:v', 'copy'];
  if (audioIndex !== null) args.push('-c:a', 'copy');
  return args;
}

function chosenStreams(videoIndex: number | null, audioIndex: number | null): string[] {
  const args: string[] = [];
  for (const index of [videoIndex, audioIndex]) {
    if (index !== null) args.push('-map', `0:${index}`);
  }
  // Where a phone was when it recorded is nobody's business.
  return [...args, '-map_metadata', '-1', '-map_chapters', '-1'];
}

function isPlayedVideo(container: FileContainer, video: ProbedVideo): boolean {
  if (video.codec !== 'h264' || !playedPixelFormats.has(video.pixelFormat) || video.isInterlaced)
    return false;
  return !(timelessContainers.has(container) && video.hasReorderedPictures);
}

function isPlayedAudio(audio: ProbedAudio, video: ProbedVideo | null): boolean {
  if (audio.codec !== 'aac' || !playedAacProfiles.has(audio.profile)) return false;
  return missingSound(audio, video) === null;
}

/** Where pictures have no sound at the beginning or at the end; null when they have it throughout. */
function missingSound(
  audio: ProbedAudio,
  video: ProbedVideo | null,
): { readonly endSeconds: number | null } | null {
  if (video === null) return null;
  const isLate = audio.startSeconds - video.startSeconds > toleratedSilenceSeconds;
  const [audioEnd, videoEnd] = [endOf(audio), endOf(video)];
  const isShort = audioEnd !== null && videoEnd !== null && videoEnd - audioEnd > toleratedSilenceSeconds;
  return isLate || isShort ? { endSeconds: isShort ? videoEnd - video.startSeconds : null } : null;
}

function endOf({ startSeconds, durationSeconds }: ProbedAudio | ProbedVideo): number | null {
  return durationSeconds === null ? null : startSeconds + durationSeconds;
}

function encodedVideo(video: ProbedVideo, size: PictureSize | null): string[] {
  return [
    '-vf', pictureFilter(video, size), '-fps_mode', 'vfr', '-enc_time_base:v', '1:90000', '-video_track_timescale', '90000',
    '-c:v', 'libx264', '-preset', 'veryfast', '-crf', '22', '-maxrate', '10M', '-bufsize', '20M', '-profile:v', 'high',
    '-force_key_frames', 'expr:gte(t,n_forced*2)',
  ]; // biome-ignore format: options and their values
}

function pictureFilter(video: ProbedVideo, size: PictureSize | null): string {
  const filters: string[] = [];
  if (video.isInterlaced) filters.push('bwdif=mode=send_frame');
  if (video.framesPerSecond > mostFramesPerSecond) filters.push('fps=60');
  if (size !== null) {
    // Turned like the pictures by then.
    const isTurned = Math.abs(video.rotation) % 180 === 90;
    const [width, height] = isTurned ? [size.height, size.width] : [size.width, size.height];
    const fit = `scale=${width}:${height}:force_original_aspect_ratio=decrease`;
    filters.push(fit, `pad=${width}:${height}:(ow-iw)/2:(oh-ih)/2`, 'setsar=1');
  }
  // Square pixels, upright (ffmpeg turns by itself), and even sides as 4:2:0 wants them.
  const shrink = `min(1,${longestEncodedSide}/max(iw*sar,ih))`;
  filters.push(`scale=w='${even(`iw*sar*${shrink}`)}':h='${even(`ih*${shrink}`)}'`, 'setsar=1');
  filters.push(...brightnessFilters(video.transfer), 'format=yuv420p');
  return filters.join(',');
}

function even(side: string): string {
  return `max(2,trunc(${side}/2)*2)`;
}

/** High dynamic range is brought to what every screen shows; without it the picture is grey. */
function brightnessFilters(transfer: string): string[] {
  if (transfer !== 'smpte2084' && transfer !== 'arib-std-b67') return [];
  return [
    'zscale=t=linear:npl=100,format=gbrpf32le,zscale=p=bt709',
    'tonemap=tonemap=hable:desat=0,zscale=t=bt709:m=bt709:r=tv',
  ];
}

/** Gaps become silence, and so does a beginning or an end without sound where there are pictures. */
function encodedAudio(audio: ProbedAudio, video: ProbedVideo | null): string[] {
  const filters = [`aresample=async=1:min_hard_comp=0.03${video === null ? '' : ':first_pts=0'}`];
  const end = missingSound(audio, video)?.endSeconds ?? null;
  if (end !== null) filters.push(`apad=whole_dur=${end.toFixed(3)}`);
  const channels = audio.channels === 1 ? 1 : 2;
  return [
    '-af', filters.join(','), '-c:a', 'aac', '-b:a', channels === 1 ? '96k' : '160k', '-ac', String(channels), '-ar', '48000',
  ]; // biome-ignore format: options and their values
}
