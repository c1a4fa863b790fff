/** A stream as the bench's peers see it: where it is published and watched, of livereel or of whatever stands beside it. */
export type Room = {
  /** Takes a publisher's offer by `POST`, as WHIP does. */
  readonly publishUrl: string;
  readonly token: string;
  /** Takes a viewer's offer by `POST`, as WHEP does; or makes one, when `serverOffers`: see `ServerOffer`. */
  readonly viewUrl: string;
  readonly serverOffers: boolean;
};

/** An offer that a server made to a viewer, and where the answer goes. */
export type ServerOffer = { readonly sdp: string; readonly answerUrl: string };

/** Asks a server that makes the offers itself for one. @throws Error when it does not. */
export async function askForOffer(url: string): Promise<ServerOffer> {
  const answer = await fetch(url, { method: 'POST' });
  const sdp = await answer.text();
  if (answer.status !== 201) throw new Error(`${url}: ${answer.status} ${sdp}`);
  return { sdp, answerUrl: `${new URL(answer.headers.get('location') ?? '', url)}` };
}

/** Answers such an offer. @throws Error when the answer is not taken. */
export async function answerOffer({ answerUrl }: ServerOffer, sdp: string): Promise<void> {
  const answer = await fetch(answerUrl, { method: 'POST', body: sdp });
  if (answer.status !== 204) throw new Error(`${answerUrl}: ${answer.status} ${await answer.text()}`);
}
