import { isIP } from 'node:net';

/** An IP address or a host name. */
export function isHost(value: string): boolean {
  return isIP(value) !== 0 || /^(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]*(\.[A-Za-z0-9-]+)*)?$/.test(value);
}

/** A mailbox, as far as its form tells. */
export function isEmail(value: string): boolean {
  return /^[^\s@]{1,64}@[^\s@]{1,190}$/.test(value);
}

/** Whether only this machine reaches what listens on a host. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

/** A path, a name or a key, on one line. */
export function isPath(value: string): boolean {
  // Control characters would end a line of a generated configuration file.
  return [...value].every(character => character >= ' ' && character !== '\u007f');
}

/** What addresses may be put together from: no query, fragment or user name. */
export function isPublicUrl(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const url = new URL(value);
  return /^https?:$/.test(url.protocol) && url.search === '' && url.hash === '' && url.username === '';
}

/** An address, perhaps with the length of its network's part (RFC 4632, RFC 4291). */
export function isNetwork(value: string): boolean {
  const [address = '', bits, ...rest] = value.split('/');
  const mostBits = isIP(address) === 4 ? 32 : 128;
  const areBits = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= mostBits);
  return isIP(address) !== 0 && areBits && rest.length === 0;
}

/** The same for nginx, which knows no zones of addresses. */
export function isProxyNetwork(value: string): boolean {
  return isNetwork(value) && /^[0-9A-Fa-f.:/]+$/.test(value);
}

/** An IP address that somebody else can send to. */
export function isAnnounceable(value: string): boolean {
  return isIP(value) !== 0 && value !== '0.0.0.0' && value !== '::';
}

/** RFC 7064: `stun:` or `stuns:`, a host, perhaps a port. Nothing that could leave its place in a header. */
export function isStunUrl(value: string): boolean {
  return /^stuns?:[0-9A-Za-z.:[\]-]{1,253}$/.test(value);
}

/** RFC 7065: `turn:` or `turns:`, a host, perhaps a port and a transport. */
export function isTurnUrl(value: string): boolean {
  return /^turns?:[0-9A-Za-z.:[\]-]{1,253}(\?transport=(udp|tcp))?$/.test(value);
}

/** `postgres://...` */
export function isDatabaseUrl(value: string): boolean {
  return URL.canParse(value) && /^postgres(ql)?:$/.test(new URL(value).protocol);
}
