import type { SessionAnswer } from '../../src/api/session.ts';
import { eventually } from './eventually.ts';
import { runFfmpeg } from './run-program.ts';
import type { TestServer } from './server.ts';
import type { Answering } from './webrtc-page.ts';

/** A connection that a door answered: where it hangs up, and what was told with it. */
export type Answered = { readonly location: string; readonly headers: Headers };

const offerHeaders = { 'content-type': 'application/sdp' };

/** Sends offers to a door; `answered` has what the newest one got. @throws Error with the problem when it is refused. */
export function doorAnswering(url: string, token?: string): Answering & { answered?: Answered } {
  const answering: Answering & { answered?: Answered } = async offer => {
    const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const answer = await fetch(url, {
      method: 'POST',
      headers: { ...offerHeaders, ...authorization },
      body: offer,
    });
    const text = await answer.text();
    if (answer.status !== 201) throw new Error(`${answer.status}: ${text}`);
    answering.answered = { location: answer.headers.get('location') ?? '', headers: answer.headers };
    return text;
  };
  return answering;
}

/** As `doorAnswering`, for the publisher of a session. */
export function whipAnswering({ whipUrl, ingestToken }: SessionAnswer) {
  return doorAnswering(whipUrl, ingestToken);
}

/** Waits until all viewers by WebRTC are let go. */
export async function noViewers(server: TestServer): Promise<void> {
  const isEmpty = async () => /^livereel_webrtc_viewers 0$/m.test(await server.text('/metrics'));
  await eventually(isEmpty, { timeoutSeconds: 20, everyMillis: 200, what: 'viewers are let go' });
}

/** Seconds of live media in closed segments that the playlist of `id` holds now. */
export async function liveSeconds(server: TestServer, id: string): Promise<number> {
  const answer = await fetch(`${server.baseUrl}/hls/${id}/main/stream.m3u8`);
  const lengths = (await answer.text()).matchAll(/^#EXTINF:([\d.]+)/gm);
  return answer.ok ? [...lengths].reduce((sum, [, seconds]) => sum + Number(seconds), 0) : 0;
}

/** Decodes a file whole; what the decoder complained of. */
export async function complaintsOf(file: string): Promise<string> {
  // On the file's own clock: a frame rate that is guessed has no room for each picture.
  const own = ['-fps_mode', 'passthrough', '-enc_time_base:v', '-1'];
  const { stderr } = await runFfmpeg(['-v', 'error', '-i', file, ...own, '-f', 'null', '-']);
  return stderr.trim();
}
