/** An offer sent to `/whip` or `/whep`: what was answered, where it is changed and hung up, and how long it took. */
export type OfferAnswer = { readonly sdp: string; readonly location: string; readonly tookMillis: number };

/** `POST` of an offer. @throws Error with the problem when it is refused. */
export async function postOffer(url: string, offer: string, token?: string): Promise<OfferAnswer> {
  const begun = performance.now();
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/sdp', ...(token && { authorization: `Bearer ${token}` }) },
    body: offer,
  });
  const sdp = await answer.text();
  if (answer.status !== 201) throw new Error(`${url}: ${answer.status} ${sdp}`);
  return { sdp, location: answer.headers.get('location') ?? '', tookMillis: performance.now() - begun };
}

/** The address at which a session that is published at `whipUrl` is watched. */
export function whepUrlOf(whipUrl: string): string {
  return whipUrl.replace('/whip/', '/whep/');
}
