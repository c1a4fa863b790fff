/** What is captured with ffmpeg: one of its input devices. */
export type CaptureDevice = {
  /** ffmpeg's name of the kind: `v4l2`, `avfoundation`, `dshow`, `x11grab`, `lavfi`. */
  readonly format: string;
  readonly name: string;
  /** Where the sound comes from, of another kind (`alsa`, `pulse`) or none. */
  readonly sound: { readonly format: string; readonly name: string } | null;
  /** `1280x720`; null: the device's own. */
  readonly size: string | null;
  readonly framesPerSecond: number;
};

/** What a file holds that is of use here; null where there is none. */
export type FileCodecs = { readonly video: string | null; readonly audio: string | null };

// Files are opened as what they are, never as a list of other files: a playlist, or a script that names some.
const fileFormats =
  'matroska,webm,mov,mp4,m4a,3gp,mpegts,mpeg,avi,asf,flv,live_flv,ogg,wav,mp3,flac,aac,h264,hevc,ivf';
// The server takes these as they are (docs/protocol.md, section 3.3).
const copiedVideo: readonly string[] = ['h264', 'hevc', 'vp8', 'vp9', 'av1', 'mjpeg'];
const copiedAudio: readonly string[] = ['aac', 'opus', 'vorbis', 'mp3', 'flac'];

const head = ['-hide_banner', '-nostdin', '-loglevel', 'error'];
// Small clusters, each written at once: a cluster is what waits before it is sent.
const output = ['-sn', '-dn', '-map_metadata', '-1', '-cluster_time_limit', '100', '-flush_packets', '1'];
const toOutput = [...output, '-f', 'matroska', 'pipe:1'];

/** Arguments for ffprobe that tell the codecs of a file as JSON. `file`: an absolute path. */
export function codecsArguments(file: string): string[] {
  const show = [
    '-show_entries',
    'stream=codec_type,codec_name:stream_disposition=attached_pic',
    '-of',
    'json',
  ];
  return ['-hide_banner', '-loglevel', 'error', ...inputFile(file), ...show];
}

/**
 * Arguments for ffmpeg that write a file to standard output as Matroska: what the server takes as it is, the rest
 * as H.264 and AAC. `isPaced`: at its own pace, else as fast as it is read.
 */
export function fileArguments(
  file: string,
  { codecs, isPaced, isEncoded }: { codecs: FileCodecs; isPaced: boolean; isEncoded: boolean },
): string[] {
  const args = [...head, ...(isPaced ? ['-re'] : []), ...inputFile(file)];
  if (codecs.video !== null) {
    const isCopied = !isEncoded && copiedVideo.includes(codecs.video);
    args.push('-map', '0:V:0', ...(isCopied ? ['-c:v', 'copy'] : encodedVideo(60)));
  }
  if (codecs.audio !== null) {
    const isCopied = !isEncoded && copiedAudio.includes(codecs.audio);
    args.push('-map', '0:a:0', ...(isCopied ? ['-c:a', 'copy'] : ['-c:a', 'aac', '-b:a', '128k']));
  }
  return [...args, ...toOutput];
}

/** Arguments for ffmpeg that write what a device captures to standard output: H.264 and Opus in Matroska. */
export function deviceArguments(device: CaptureDevice): string[] {
  const { format, name, sound, size, framesPerSecond } = device;
  const args = [...head];
  // A generator makes pictures as fast as they are asked for, a camera as they come.
  if (format === 'lavfi') args.push('-re');
  else args.push('-framerate', `${framesPerSecond}`, ...(size === null ? [] : ['-video_size', size]));
  args.push('-thread_queue_size', '64', '-f', format, '-i', name);
  if (sound !== null) args.push('-thread_queue_size', '512', '-f', sound.format, '-i', sound.name);
  args.push('-map', '0:v:0', ...encodedVideo(2 * framesPerSecond), '-tune', 'zerolatency');
  args.push('-map', sound === null ? '0:a:0?' : '1:a:0', '-c:a', 'libopus', '-b:a', '96k');
  return [...args, ...toOutput];
}

/** A key picture at least each `keyPictureInterval` pictures: where viewers can begin. */
function encodedVideo(keyPictureInterval: number): string[] {
  const interval = `${Math.max(1, Math.round(keyPictureInterval))}`;
  const encoder = [
    '-c:v',
    'libx264',
    '-preset',
    'veryfast',
    '-crf',
    '23',
    '-maxrate',
    '6M',
    '-bufsize',
    '6M',
  ];
  return [...encoder, '-pix_fmt', 'yuv420p', '-bf', '0', '-g', interval];
}

function inputFile(file: string): string[] {
  return ['-protocol_whitelist', 'file', '-format_whitelist', fileFormats, '-i', `file:${file}`];
}
