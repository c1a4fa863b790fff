import type { VideoAnswer } from '../api/video.ts';
import type { ErrorCode } from '../errors.ts';
import { presentVideo } from '../library/video-presentation.ts';
import { titleOf } from './error-status.ts';

/**
 * A video as `presentVideo` shows it to those who may change it. Others are told of what went wrong the code and what
 * it means in general: the reason names files, addresses and what tools said, and a code that is no error of the
 * contract tells how the server keeps it.
 */
export function showVideo(mayChange: boolean, ...shown: Parameters<typeof presentVideo>): VideoAnswer {
  const video = presentVideo(...shown);
  const code = video.error?.code;
  if (mayChange || code === undefined) return video;
  const isKnown = Object.hasOwn(titleOf, code);
  return { ...video, error: isKnown ? { code, message: `${titleOf[code as ErrorCode]}.` } : null };
}
