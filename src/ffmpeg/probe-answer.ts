import { LivereelError } from '../errors.ts';

/** The picture of a file, as coded: `rotation` degrees counter-clockwise turn it upright. */
export type ProbedVideo = {
  /** The stream's number in the file. */
  readonly index: number;
  readonly codec: string;
  readonly pixelFormat: string;
  readonly width: number;
  readonly height: number;
  readonly isSquare: boolean;
  readonly isInterlaced: boolean;
  readonly hasReorderedPictures: boolean;
  readonly rotation: number;
  readonly framesPerSecond: number;
  /** `smpte2084`, `arib-std-b67`: brighter than a usual screen. */
  readonly transfer: string;
  readonly startSeconds: number;
  /** Null where the file does not tell. */
  readonly durationSeconds: number | null;
};

/** The sound of a file. */
export type ProbedAudio = {
  readonly index: number;
  readonly codec: string;
  readonly profile: string;
  readonly channels: number;
  readonly sampleRate: number;
  readonly startSeconds: number;
  readonly durationSeconds: number | null;
};

/** What a file holds that a video is made of; at least one of them. */
export type ProbedFile = {
  readonly video: ProbedVideo | null;
  readonly audio: ProbedAudio | null;
  /** Null where the file does not tell, as a recorder's WebM. */
  readonly durationSeconds: number | null;
};

type Fields = Readonly<Record<string, unknown>>;

/** Reads what ffprobe printed as JSON. @throws LivereelError `media-unusable` when there is nothing to play. */
export function readProbe(json: string): ProbedFile {
  const answer = parsed(json);
  const streams = (Array.isArray(answer.streams) ? answer.streams : []) as Fields[];
  const video = streams.filter(isPicture).map(readVideo).sort(largestFirst)[0] ?? null;
  const audio =
    streams
      .filter(stream => stream.codec_type === 'audio' && isKnown(stream))
      .map(readAudio)
      .find(({ channels, sampleRate }) => channels > 0 && sampleRate > 0) ?? null;
  if (video === null && audio === null)
    throw new LivereelError(
      'media-unusable',
      'The file holds no picture and no sound that can be decoded here. Convert it to MP4 with H.264 and AAC, then send that.',
    );
  return { video, audio, durationSeconds: positive((answer.format as Fields | undefined)?.duration) };
}

function parsed(json: string): Fields {
  try {
    return JSON.parse(json) as Fields;
  } catch (cause) {
    throw new LivereelError('media-unusable', 'The file cannot be examined.', { cause });
  }
}

/** A cover is a picture too, but nothing that plays. */
function isPicture(stream: Fields): boolean {
  const isCover = (stream.disposition as Fields | undefined)?.attached_pic === 1;
  return stream.codec_type === 'video' && isKnown(stream) && !isCover && number(stream.width) > 0;
}

function isKnown({ codec_name: name }: Fields): boolean {
  return typeof name === 'string' && name !== 'unknown' && name !== 'none';
}

function readVideo(stream: Fields): ProbedVideo {
  const order = text(stream.field_order);
  return {
    ...timesOf(stream),
    index: number(stream.index),
    codec: text(stream.codec_name),
    pixelFormat: text(stream.pix_fmt),
    width: number(stream.width),
    height: number(stream.height),
    isSquare: ['', '1:1', '0:1'].includes(text(stream.sample_aspect_ratio)),
    isInterlaced: order !== '' && order !== 'progressive' && order !== 'unknown',
    hasReorderedPictures: number(stream.has_b_frames) > 0,
    rotation: rotationOf(stream),
    framesPerSecond: ratio(text(stream.avg_frame_rate)),
    transfer: text(stream.color_transfer),
  };
}

function readAudio(stream: Fields): ProbedAudio {
  return {
    ...timesOf(stream),
    index: number(stream.index),
    codec: text(stream.codec_name),
    profile: text(stream.profile),
    channels: number(stream.channels),
    sampleRate: number(stream.sample_rate),
  };
}

function timesOf(stream: Fields): { startSeconds: number; durationSeconds: number | null } {
  const told = text((stream.tags as Fields | undefined)?.DURATION);
  const [hours, minutes, seconds] = told.split(':').map(Number);
  const tagged = Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds);
  return {
    startSeconds: number(stream.start_time),
    durationSeconds: positive(stream.duration) ?? positive(tagged),
  };
}

function rotationOf(stream: Fields): number {
  const sideData = (Array.isArray(stream.side_data_list) ? stream.side_data_list : []) as Fields[];
  return number(sideData.find(entry => 'rotation' in entry)?.rotation);
}

function largestFirst(a: ProbedVideo, b: ProbedVideo): number {
  return b.width * b.height - a.width * a.height;
}

function ratio(value: string): number {
  const [over = 0, under = 0] = value.split('/').map(Number);
  return under > 0 ? over / under : 0;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function number(value: unknown): number {
  const read = Number(value);
  return Number.isFinite(read) ? read : 0;
}

function positive(value: unknown): number | null {
  const read = Number(value);
  return Number.isFinite(read) && read > 0 ? read : null;
}
