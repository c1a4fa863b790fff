/** What is known of a request's headers: `Headers` fits, and so does a wrapper of uWebSockets.js's request. */
export type HeaderReader = { get(name: string): string | null | undefined };

/** The address that livereel's answers begin with, and whether a person fixed it. */
export type PublicAddress = {
  /** No slash at the end, e.g. `http://127.0.0.1:8000`. */
  readonly url: string;
  /** True when `PUBLIC_URL` was set: then it holds for every request. */
  readonly isFixed: boolean;
};

// A name or address and a port, nothing that could leave its place in a URL (RFC 3986, section 3.2).
const hostPattern = /^(\[[0-9A-Fa-f:.]{2,45}\]|[0-9A-Za-z]([0-9A-Za-z._-]{0,252}))(:[0-9]{1,5})?$/;

/**
 * What the URLs in an answer begin with: `PUBLIC_URL` when it was set, else the host under which the client
 * reached us, so that a phone in the same network gets addresses that it can open. Our nginx says the host in
 * `X-Forwarded-Host` (or leaves `Host` as it came) and the scheme in `X-Forwarded-Proto`; what is no host is ignored.
 */
export function publicUrlFor(headers: HeaderReader, address: PublicAddress): string {
  if (address.isFixed) return address.url;
  const host = (headers.get('x-forwarded-host') || headers.get('host') || '').trim();
  if (!hostPattern.test(host)) return address.url;
  const scheme = headers.get('x-forwarded-proto') === 'https' ? 'https' : 'http';
  return `${scheme}://${host.toLowerCase()}`;
}

/**
 * The publisher's or viewer's address as our nginx saw it: the last entry of `X-Forwarded-For`, which is the one
 * that nginx appended (earlier ones are whatever the client claimed). The peer of the socket is always nginx.
 */
export function clientAddressOf(headers: HeaderReader): string {
  const hops = (headers.get('x-forwarded-for') ?? '').split(',');
  const address = (hops.at(-1) ?? '').trim();
  return /^[0-9A-Fa-f.:]{2,45}$/.test(address) ? address : 'unknown';
}
