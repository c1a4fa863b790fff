import type { VideoAnswer } from '../api/video.ts';
import type { VideoRow } from './video-store.ts';
import { videoUrls } from './video-urls.ts';

/**
 * A stored video as clients see it (docs/protocol.md, section 8). `publicUrl` has no slash at the end.
 * What does not exist yet is null: the file until the video is ready, stills and captions until they are made.
 */
export function presentVideo(video: VideoRow, publicUrl: string): VideoAnswer {
  const urls = videoUrls(publicUrl, video.id);
  return {
    id: video.id,
    title: video.title,
    description: video.description,
    state: video.state,
    error: video.errorCode === null ? null : { code: video.errorCode, message: video.errorMessage ?? '' },
    visibility: video.visibility,
    owner: null,
    replyTo: video.replyTo,
    createdAt: video.createdAt.toISOString(),
    durationSeconds: video.durationSeconds,
    width: video.width,
    height: video.height,
    sizeBytes: video.sizeBytes,
    // "auto" is a wish; the language is known once the speech was heard.
    language: video.language === 'auto' ? null : video.language,
    playbackUrl: urls.playbackUrl,
    fileUrl: video.state === 'ready' ? urls.fileUrl : null,
    thumbnailUrl: null,
    previewUrl: null,
    captionsUrl: video.hasCaptions ? urls.captionsUrl : null,
    counts: { views: 0, likes: 0, comments: 0, replies: 0 },
  };
}
