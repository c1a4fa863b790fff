import type { VideoTasks } from '../../api/task.ts';
import type { Transcript } from '../../api/transcript.ts';
import type { ChangeVideoRequest, VideoAnswer, VideoPage, VideoSort } from '../../api/video.ts';
import { PublishError } from '../../client/publish-error.ts';
import { reachableUrl } from '../../client/reachable-url.ts';
import { problemOf } from '../../client/session-api.ts';
import { ownVideoToken } from './own-videos.ts';
import { pageToken, withToken } from './page-token.ts';

export type { VideoAnswer };

const unreachable = 'The server does not answer. Trying again.';

/**
 * The video, its addresses as this page can reach them. `token`: what lets the page see a private one, in place of what
 * it was opened with.
 * @throws PublishError `server-unreachable`, or the server's code with `facts.status`.
 */
export async function readVideo(id: string, signal: AbortSignal, token?: string): Promise<VideoAnswer> {
  // Who published it on this device is told what others are not: why it failed.
  const own = token === undefined && pageToken() === null ? ownVideoToken(id) : undefined;
  const headers = authorization(own);
  const answer = await reach(withToken(`/api/v1/videos/${id}`, token), { signal, headers });
  return fromHere((await answer.json()) as VideoAnswer);
}

/** Which videos: one's own or those of everybody, behind `cursor` where there is one. */
export type WantedVideos = {
  readonly isOwn: boolean;
  /** The newest first where it is left out. */
  readonly sort?: VideoSort;
  /** Words of the title; empty: whatever they are called. */
  readonly title?: string;
  readonly cursor?: string | undefined;
  /** 48 where it is left out. */
  readonly limit?: number;
};

/**
 * A page of videos.
 * @throws PublishError as `readVideo`; `unauthorized` for one's own where nobody knows who asks.
 */
export async function readVideos(
  { isOwn, sort, title, cursor, limit = 48 }: WantedVideos,
  signal: AbortSignal,
): Promise<VideoPage> {
  const query = new URLSearchParams({
    limit: `${limit}`,
    ...(isOwn && { owner: 'me' }),
    ...(sort && { sort }),
    ...(title && { title }),
    ...(cursor && { cursor }),
  });
  const answer = await reach(`/api/v1/videos?${query}`, { signal });
  const { items, nextCursor } = (await answer.json()) as VideoPage;
  return { items: items.map(fromHere), nextCursor };
}

/** A video with its addresses as this page can reach them. */
function fromHere(video: VideoAnswer): VideoAnswer {
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
  const answer = await reach(withToken(`/api/v1/videos/${id}/transcript`), { signal });
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
 * Changes what is said of a video, with the login, or with the ingest token of its session. A language that is `auto`
 * is found out anew.
 * @throws PublishError as `readVideo`; `unauthorized`, `forbidden` or `bad-token` where not everybody may.
 */
export async function changeVideo(
  id: string,
  changes: ChangeVideoRequest,
  ingestToken?: string,
): Promise<void> {
  await reach(`/api/v1/videos/${id}`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json', ...authorization(ingestToken) },
    body: JSON.stringify(changes),
  });
}

/**
 * Deletes a video for good.
 * @throws PublishError as `changeVideo`.
 */
export async function deleteVideo(id: string, ingestToken?: string): Promise<void> {
  await reach(`/api/v1/videos/${id}`, { method: 'DELETE', headers: authorization(ingestToken) });
}

/**
 * What is made of a video in the background, and how far it is.
 * @throws PublishError as `readVideo`.
 */
export async function readTasks(id: string, ingestToken?: string): Promise<VideoTasks['items']> {
  const url = withToken(`/api/v1/videos/${id}/tasks`);
  const answer = await reach(url, { headers: authorization(ingestToken) });
  return ((await answer.json()) as VideoTasks).items;
}

/**
 * Begins a task of a video again that is over.
 * @throws PublishError as `changeVideo`; `task-not-over`.
 */
export async function retryTask(id: string, task: string, ingestToken?: string): Promise<void> {
  const url = `/api/v1/videos/${id}/tasks/${task}/retry`;
  await reach(url, { method: 'POST', headers: authorization(ingestToken) });
}

function authorization(ingestToken: string | undefined): Record<string, string> {
  return ingestToken === undefined ? {} : { authorization: `Bearer ${ingestToken}` };
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
