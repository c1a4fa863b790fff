import type { Transcript } from '../../api/transcript.ts';
import type { VideoAnswer } from '../../api/video.ts';
import { PublishError } from '../../client/publish-error.ts';
import { reachableUrl } from '../../client/reachable-url.ts';
import { problemOf } from '../../client/session-api.ts';
import { withPageToken } from './page-token.ts';

export type { VideoAnswer };

const unreachable = 'The server does not answer. Trying again.';

/**
 * The video, its addresses as this page can reach them.
 * @throws PublishError `server-unreachable`, or the server's code with `facts.status`.
 */
export async function readVideo(id: string, signal?: AbortSignal): Promise<VideoAnswer> {
  const answer = await reach(withPageToken(`/api/v1/videos/${id}`), signal === undefined ? {} : { signal });
  const video = (await answer.json()) as VideoAnswer;
  const here = (url: string | null) => (url === null ? null : reachableUrl(url, location.origin));
  return {
    ...video,
    playbackUrl: reachableUrl(video.playbackUrl, location.origin),
    whepUrl: here(video.whepUrl),
    fileUrl: here(video.fileUrl),
    thumbnailUrl: here(video.thumbnailUrl),
    previewUrl: here(video.previewUrl),
    storyboardUrl: here(video.storyboardUrl),
  };
}

/**
 * Renames a video with the ingest token of its session; goes on when the page is left meanwhile.
 * @throws PublishError as `readVideo`; `bad-token` when the token is another video's.
 */
export async function renameVideo(id: string, title: string, ingestToken: string): Promise<void> {
  await reach(`/api/v1/videos/${id}`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${ingestToken}` },
    body: JSON.stringify({ title }),
    keepalive: true,
  });
}

/**
 * What was said, as far as it is known.
 * @throws PublishError as `readVideo`.
 */
export async function readTranscript(id: string, signal: AbortSignal): Promise<Transcript> {
  const answer = await reach(withPageToken(`/api/v1/videos/${id}/transcript`), { signal });
  return (await answer.json()) as Transcript;
}

/**
 * A token that lets others watch a private video; for its owner.
 * @throws PublishError as `readVideo`.
 */
export async function readPlaybackToken(
  id: string,
  expiresInSeconds: number,
): Promise<{ token: string; expiresAt: string }> {
  const answer = await reach(`/api/v1/videos/${id}/playback-token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ expiresInSeconds }),
  });
  return (await answer.json()) as { token: string; expiresAt: string };
}

/**
 * Corrects which language is spoken; `auto` has it found out anew.
 * @throws PublishError as `readVideo`; `unauthorized` or `bad-token` where not everybody may.
 */
export async function correctLanguage(id: string, language: string, ingestToken?: string): Promise<void> {
  const authorization = ingestToken === undefined ? {} : { authorization: `Bearer ${ingestToken}` };
  await reach(`/api/v1/videos/${id}`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json', ...authorization },
    body: JSON.stringify({ language }),
  });
}

async function reach(url: string, init: RequestInit): Promise<Response> {
  const answer = await fetch(url, init).catch(cause => {
    throw new PublishError('server-unreachable', unreachable, { cause });
  });
  // Of nginx while the server behind it restarts.
  if ([502, 503, 504].includes(answer.status)) throw new PublishError('server-unreachable', unreachable);
  if (!answer.ok) throw await problemOf(answer);
  return answer;
}
