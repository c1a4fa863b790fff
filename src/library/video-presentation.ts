import type { VideoAnswer } from '../api/video.ts';
import type { ListedVideo } from './video-store.ts';
import { videoUrls } from './video-urls.ts';

/**
 * A stored video as clients see it (docs/protocol.md, section 8). `publicUrl` has no slash at the end.
 * `hasWebRtc`: videos can be watched by it here. `ticket`: the playback token that its URLs carry, where it is private
 * and the asker may see it (`VideoViewing`); without one they lead nowhere. What does not exist yet is null: the file until the video is ready, stills and captions until they are made.
 */
export function presentVideo(
  video: ListedVideo,
  publicUrl: string,
  hasWebRtc: boolean,
  ticket: string | null = null,
): VideoAnswer {
  const urls = videoUrls(publicUrl, video.id, ticket);
  return {
    id: video.id,
    title: video.title,
    description: video.description,
    state: video.state,
    error: errorOf(video),
    input: video.input,
    visibility: video.visibility,
    owner: video.ownerId === null ? null : { id: video.ownerId, name: video.ownerName ?? '' },
    replyTo: video.replyTo,
    createdAt: video.createdAt.toISOString(),
    durationSeconds: video.durationSeconds,
    width: video.width,
    height: video.height,
    sizeBytes: video.sizeBytes,
    // "auto" is a wish; the language is known once the speech was heard.
    language: video.language === 'auto' ? null : video.language,
    playbackUrl: urls.playbackUrl,
    whepUrl: hasWebRtc && isWatchableByWebRtc(video) ? urls.whepUrl : null,
    fileUrl: video.state === 'ready' ? urls.fileUrl : null,
    thumbnailUrl: video.hasThumbnail ? urls.thumbnailUrl : null,
    previewUrl: video.hasPreview ? urls.previewUrl : null,
    storyboardUrl: video.hasStoryboard ? urls.storyboardUrl : null,
    captionsUrl: video.hasCaptions ? urls.captionsUrl : null,
    loudness: loudnessOf(video),
    counts: { views: 0, likes: 0, comments: 0, replies: 0 },
  };
}

function loudnessOf({ loudnessLufs, loudnessRangeLu, truePeakDbtp }: ListedVideo): VideoAnswer['loudness'] {
  if (loudnessLufs === null || loudnessRangeLu === null || truePeakDbtp === null) return null;
  return { integratedLufs: loudnessLufs, rangeLu: loudnessRangeLu, truePeakDbtp };
}

/** As far as is known: what a stream holds is known a moment after it began. */
function isWatchableByWebRtc({ state, input, videoCodec, audioCodec }: ListedVideo): boolean {
  if (state !== 'live' || input === 'frames') return false;
  return ['h264', 'vp8', null].includes(videoCodec) && ['opus', null].includes(audioCodec);
}

/** What went wrong and, where what was received is kept because of it, what to do about that. */
function errorOf({ id, errorCode, errorMessage, journalKept }: ListedVideo): VideoAnswer['error'] {
  if (errorCode === null) return null;
  const reason = errorMessage ?? '';
  if (!journalKept) return { code: errorCode, message: reason };
  const advice = `What was received is kept in "${id}/journal" of the content directory until the video is deleted; remove that folder if nobody needs it.`;
  return { code: errorCode, message: `${reason}${/[.!?]$/.test(reason) ? '' : '.'} ${advice}`.trim() };
}
