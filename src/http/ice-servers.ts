import { createHmac } from 'node:crypto';

/** Servers of one's own that help peers to reach us, as `RTCPeerConnection` takes them. */
export type IceServer = {
  readonly urls: readonly string[];
  readonly username?: string;
  readonly credential?: string;
};

/** What is configured of them. */
export type IceServerSettings = {
  readonly stunUrls: readonly string[];
  readonly turnUrls: readonly string[];
  readonly turnSecret: string | undefined;
};

// A stream of a day goes on after its connection was lost.
const credentialSeconds = 86_400;

/**
 * The servers that a peer of stream `id` is told. TURN credentials hold for a day: the name is when they end and
 * for whom they are, the password is its HMAC (coturn's `use-auth-secret`, draft-uberti-behave-turn-rest-00).
 * `nowMillis`: since 1970.
 */
export function iceServers(settings: IceServerSettings, id: string, nowMillis: number): IceServer[] {
  const { stunUrls, turnUrls, turnSecret } = settings;
  const servers: IceServer[] = stunUrls.length > 0 ? [{ urls: stunUrls }] : [];
  if (turnUrls.length > 0 && turnSecret !== undefined) {
    const username = `${Math.floor(nowMillis / 1_000) + credentialSeconds}:${id}`;
    const credential = createHmac('sha1', turnSecret).update(username).digest('base64');
    servers.push({ urls: turnUrls, username, credential });
  }
  return servers;
}

/** The same as values of `Link` headers (RFC 9725, section 4.6). */
export function iceServerLinks(servers: readonly IceServer[]): string[] {
  return servers.flatMap(({ urls, username, credential }) =>
    urls.map(url => {
      const link = `<${url}>; rel="ice-server"`;
      if (username === undefined) return link;
      return `${link}; username="${username}"; credential="${credential}"; credential-type="password"`;
    }),
  );
}
