import { isIPv4 } from 'node:net';
import { networkInterfaces } from 'node:os';

const everywhere: readonly string[] = ['0.0.0.0', '::'];
/** Containers bring dozens of bridges; a peer tries every one. */
const mostAddresses = 8;

/**
 * The IP addresses under which a peer may reach this machine, IPv4 first: those of its interfaces when it listens on
 * all of them, the loopback's only where there is nothing else.
 */
export function localAddresses(host: string): string[] {
  if (!everywhere.includes(host)) return [host];
  const all = Object.values(networkInterfaces()).flatMap(addresses => addresses ?? []);
  const usable = all.filter(({ address }) => !isLinkLocal(address) && (host === '::' || isIPv4(address)));
  const outside = usable.filter(({ internal }) => !internal);
  const chosen = (outside.length > 0 ? outside : usable).map(({ address }) => address);
  return chosen.sort((a, b) => Number(isIPv4(b)) - Number(isIPv4(a))).slice(0, mostAddresses);
}

/**
 * Where to listen so that peers reach the addresses they are told: on `address`, but on all of a family when that is
 * this machine's own loopback (a server behind a proxy) and peers are told others.
 */
export function listeningAddress(address: string, announced: readonly string[]): string {
  const outside = announced.filter(one => !isLoopback(one));
  if (!isLoopback(address) || outside.length === 0) return address;
  return outside.every(one => isIPv4(one)) ? '0.0.0.0' : '::';
}

function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.');
}

/** Of no use without the name of an interface, which a candidate cannot carry. */
function isLinkLocal(address: string): boolean {
  return /^(fe[89ab][0-9a-f]:|169\.254\.)/i.test(address);
}
