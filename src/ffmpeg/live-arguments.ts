import type { ContainerKind, MediaTracks } from '../media/container.ts';
import { type AudioChannels, audioTimescale } from '../media/media-sample.ts';
import { speechSampleRate } from '../media/speech-sound.ts';

/** What one live ffmpeg is to make of its stream. */
export type LiveInput = {
  readonly container: ContainerKind;
  readonly tracks: MediaTracks;
  /** Its sound is listened to: it also comes as `speechSampleRate` PCM. */
  readonly isHeard: boolean;
  /** H.264 that needs nothing of ffmpeg goes round it, through no pipe; with it goes only the sound. */
  readonly isVideoPassed: boolean;
  /** Pictures come at exactly this rate; null: at their own times. */
  readonly frameRate: number | null;
  /** A part ended here (seconds on the stream's clock): what is encoded anew goes on from there. Null at a beginning. */
  readonly resumeSeconds: number | null;
  readonly keyframeSeconds: number;
  /** From the first picture that is encoded to the next key frame. */
  readonly firstKeyframeSeconds: number;
};

/** Which of our pipes carries what: file descriptors of ffmpeg. */
export const videoPipe = 3;
export const audioPipe = 4;
export const speechPipe = 5;

// Transcoding larger pictures than this in real time is more than a small machine can do.
const longestTranscodedSide = 1_920;
const demuxers: Record<ContainerKind, string> = { matroska: 'matroska', mp4: 'mov', mpegts: 'mpegts' };

/**
 * Arguments of the one ffmpeg of a live session: container stream on stdin, fragmented MP4 with the picture on
 * fd 3, with the sound on fd 4, PCM for captions on fd 5, progress on stdout.
 * Docs: design.md, section 4, has the measurements.
 */
export function liveArguments(input: LiveInput): string[] {
  const { video, audio } = input.tracks;
  const args = [
    '-hide_banner',
    '-nostdin',
    '-nostats',
    '-loglevel',
    'warning',
    '-progress',
    'pipe:1',
    '-stats_period',
    '1',
  ];
  args.push(...inputArguments(input));
  if (video !== null) {
    args.push('-map', '0:v:0', ...videoCoding(input), ...fragmentsTo(videoPipe, videoTimescale(input)));
  }
  if (audio !== null) {
    const channels = audioChannelsOf(input.tracks);
    // Gaps become silence and repeats go, so that sound keeps its place to a few milliseconds whatever was lost.
    const sound = [
      '-map',
      '0:a:0',
      '-af',
      'aresample=async=1:min_hard_comp=0.03',
      '-c:a',
      'aac',
      '-aac_coder',
      'fast',
      '-b:a',
      channels === 1 ? '80k' : '128k',
    ];
    args.push(
      ...sound,
      '-ar',
      String(audioTimescale),
      '-ac',
      String(channels),
      ...fragmentsTo(audioPipe, audioTimescale),
    );
    if (input.isHeard) args.push('-map', '0:a:0', ...speechCoding);
  }
  return args;
}

// PCM in a fragmented MOV, because that tells each packet's time on the stream's own clock, holes included; ten
// fragments a second. Docs: decisions/0008-heard-sound.md.
const speechCoding = [
  '-c:a', 'pcm_s16le', '-ar', String(speechSampleRate), '-ac', '1', '-use_editlist', '0', '-avoid_negative_ts', 'disabled',
  '-movflags', '+empty_moov+default_base_moof+skip_trailer+frag_discont', '-frag_duration', '100000',
  '-flush_packets', '1', '-f', 'mov', `pipe:${speechPipe}`,
]; // biome-ignore format: options and their values

/** Mono stays mono, as from most microphones: it costs a third less to encode. Everything else becomes stereo. */
export function audioChannelsOf({ audio }: MediaTracks): AudioChannels {
  if (audio === null) return 0;
  return audio.channels === 1 ? 1 : 2;
}

function inputArguments({ container }: LiveInput): string[] {
  // A transport stream tells its codecs in its packets only; the others in their header. `nobuffer` would drop
  // the first group of pictures.
  const probing = container === 'mpegts' ? ['-probesize', '131072'] : ['-probesize', '4096'];
  const analysis = ['-analyzeduration', container === 'mpegts' ? '1000000' : '0'];
  // Times stay the stream's own: it may begin anywhere, and begin again after a crash.
  const times = ['-copyts', '-fflags', '+discardcorrupt', '-err_detect', 'ignore_err'];
  return [
    ...times,
    ...probing,
    ...analysis,
    // A decoder that works on several pictures at once holds that many back.
    '-thread_type',
    'slice',
    '-protocol_whitelist',
    'pipe',
    '-f',
    demuxers[container],
    '-i',
    'pipe:0',
  ];
}

function videoCoding(input: LiveInput): string[] {
  const codec = input.tracks.video?.codec;
  if (codec === 'h264') return ['-c:v', 'copy'];
  const filter = `${resumeFilter(input)}${pictureFilter(input.tracks.video)}`;
  return [
    '-vf', filter, '-fps_mode', 'passthrough', '-enc_time_base', '-1',
    '-c:v', 'libx264', '-preset', 'superfast', '-tune', 'zerolatency', '-crf', '23', '-maxrate', '6M', '-bufsize', '6M',
    '-g', '100000', '-keyint_min', '1', '-forced-idr', '1', '-sc_threshold', '0', '-force_key_frames', keyframeExpression(input),
  ]; // biome-ignore format: options and their values
}

/** The size that the header tells holds: a turned phone gets bars, not a stretched face, and no new header. */
function pictureFilter(video: MediaTracks['video']): string {
  const format = 'format=yuv420p';
  if (video === null || video.width === 0)
    return `scale='trunc(iw/2)*2':'trunc(ih/2)*2':out_range=tv,${format}`;
  const shrink = Math.min(1, longestTranscodedSide / Math.max(video.width, video.height));
  const width = Math.max(2, Math.round((video.width * shrink) / 2) * 2);
  const height = Math.max(2, Math.round((video.height * shrink) / 2) * 2);
  const fit = `scale=${width}:${height}:force_original_aspect_ratio=decrease:force_divisible_by=2:out_range=tv`;
  return `${fit},pad=${width}:${height}:(ow-iw)/2:(oh-ih)/2,setsar=1,${format}`;
}

/** A key frame at the beginning and every so often; in the expression `t` counts from the first picture encoded. */
function keyframeExpression({ keyframeSeconds, firstKeyframeSeconds }: LiveInput): string {
  const next = `if(eq(n_forced,1),${firstKeyframeSeconds - roundingSeconds},prev_forced_t+${keyframeSeconds})`;
  return `expr:if(isnan(prev_forced_t),1,gte(t,${next}))`;
}

// Times went through ticks of several lengths: the frame meant may lie a hair before the time computed.
const roundingSeconds = 0.0005;

/** Pictures that are published never reach the encoder: its first one, which needs no other, is the first that is new. */
function resumeFilter({ resumeSeconds }: LiveInput): string {
  return resumeSeconds === null ? '' : `select='gte(t,${resumeSeconds - roundingSeconds})',`;
}

/** Ticks in a second that hold the pictures' times exactly. */
function videoTimescale({ frameRate }: LiveInput): number {
  return frameRate === null ? 90_000 : Math.round(frameRate * 1_000);
}

// One picture a fragment: nothing waits in ffmpeg but the newest one, whose duration is not known yet. Of sound three
// frames: each fragment wakes the server, 47 a second would be half of what a session costs it, and parts go out with
// their sound up to 150 ms behind.
const soundFragmentMicros = '60000';

function fragmentsTo(pipe: number, timescale: number): string[] {
  // frag_discont with no edit list and no shifting: a fragment's decode time is the packet's own.
  const flags = '+empty_moov+default_base_moof+skip_trailer+frag_discont';
  const times = ['-use_editlist', '0', '-avoid_negative_ts', 'disabled'];
  const packing =
    pipe === videoPipe
      ? ['-video_track_timescale', String(timescale), '-movflags', `${flags}+frag_every_frame`]
      : ['-movflags', flags, '-frag_duration', soundFragmentMicros];
  return [...times, ...packing, '-flush_packets', '1', '-f', 'mp4', `pipe:${pipe}`];
}
