import type { SessionAnswer } from '../../src/api/session.ts';
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
