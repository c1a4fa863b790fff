const loopbackHost = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/**
 * An address from an answer of the server, as its client can reach it. A server that was not told its public
 * name answers with its loopback address, which elsewhere names another machine (or, as `localhost`
 * beside `127.0.0.1`, another origin): then the host that has answered takes its place.
 * `http` and `https` stay what they are for WebSockets: `ws` and `wss`.
 * @throws TypeError when either is not an absolute URL.
 */
export function reachableUrl(answered: string, serverUrl: string): string {
  const url = new URL(answered);
  const server = new URL(serverUrl);
  if (!loopbackHost.test(url.hostname) || url.host === server.host) return url.href;
  const isSocket = url.protocol === 'ws:' || url.protocol === 'wss:';
  const isSecure = server.protocol === 'https:' || server.protocol === 'wss:';
  url.protocol = isSocket ? (isSecure ? 'wss:' : 'ws:') : isSecure ? 'https:' : 'http:';
  url.hostname = server.hostname;
  url.port = server.port;
  return url.href;
}
