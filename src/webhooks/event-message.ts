import { presentVideo } from '../library/video-presentation.ts';
import { videoOfRecord } from '../library/video-store.ts';
import { videoUrls } from '../library/video-urls.ts';
import type { WebhookEvent } from './delivery-store.ts';

/** Where the addresses in messages lead. */
export type MessageAddress = {
  /** No slash at the end. */
  readonly publicUrl: string;
  readonly hasWebRtc: boolean;
};

/** The body of a message (docs/webhooks.md): what happened, told as it was then, the same in each attempt. */
export function eventMessage(event: WebhookEvent, address: MessageAddress): string {
  const { eventId: id, type, eventSequence: sequence, happenedAt } = event;
  return JSON.stringify({
    id,
    type,
    timestamp: happenedAt.toISOString(),
    sequence,
    data: dataOf(event, address),
  });
}

function dataOf({ type, videoId, data }: WebhookEvent, { publicUrl, hasWebRtc }: MessageAddress): object {
  if (videoId === null) return {};
  if (type.startsWith('video.')) {
    return { videoId, video: presentVideo(videoOfRecord(data), publicUrl, hasWebRtc) };
  }
  if (type === 'transcript.ready') {
    const { language, segments } = data;
    const transcriptUrl = `${publicUrl}/api/v1/videos/${videoId}/transcript`;
    return {
      videoId,
      language,
      segments,
      transcriptUrl,
      captionsUrl: videoUrls(publicUrl, videoId).captionsUrl,
    };
  }
  const { language, captions } = data;
  return { videoId, language, captions };
}
