import { NetworkList } from './network-list.ts';

/** What is not the public internet (IANA's registry of special-purpose addresses, RFC 6890), and clouds' own addresses. */
const specialFour = new NetworkList([
  '0.0.0.0/8', // "this host": Linux connects it to itself
  '10.0.0.0/8',
  '100.64.0.0/10', // carriers' NAT, and a cloud's metadata
  '127.0.0.0/8',
  '169.254.0.0/16', // link-local, and most clouds' metadata
  '172.16.0.0/12',
  '192.0.0.0/24', // protocol assignments, and a cloud's metadata
  '192.0.2.0/24',
  '192.88.99.0/24', // relays of 6to4
  '192.168.0.0/16',
  '198.18.0.0/15', // benchmarks
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved, and broadcast
  '168.63.129.16/32', // a cloud's own services, under a public address
]);

const globalSix = new NetworkList(['2000::/3']);
const specialSix = new NetworkList([
  '2001::/23', // protocol assignments; Teredo hides an IPv4 address in it
  '2001:db8::/32',
  '3fff::/20', // documentation
]);

/** IPv6 networks that carry an IPv4 address, and where in their 16 bytes it stands. */
const carriers: readonly { readonly networks: NetworkList; readonly at: number }[] = [
  // Mapped and compatible (RFC 4291), translated (RFC 2765), NAT64 (RFC 6052).
  { networks: new NetworkList(['::ffff:0:0/96', '::/96', '::ffff:0:0:0/96', '64:ff9b::/96']), at: 12 },
  // 6to4 (RFC 3056).
  { networks: new NetworkList(['2002::/16']), at: 2 },
];

/** The IPv4 address that an IPv6 address leads to; undefined when there is none in it. */
export function carriedFour(address: Uint8Array): Uint8Array | undefined {
  if (address.length !== 16) return undefined;
  const carrier = carriers.find(({ networks }) => networks.has(address));
  if (carrier !== undefined) return address.subarray(carrier.at, carrier.at + 4);
  // ISATAP (RFC 5214, section 6.1): an interface named 00-00-5E-FE or 02-00-5E-FE and an IPv4 address, in any network.
  const isIsatap =
    ((address[8] as number) & 0xfd) === 0 && address[9] === 0 && address[10] === 0x5e && address[11] === 0xfe;
  return isIsatap ? address.subarray(12) : undefined;
}

/** Whether an address (4 or 16 bytes) belongs to the public internet, whichever way it is written. */
export function isPublicAddress(address: Uint8Array): boolean {
  if (address.length === 4) return !specialFour.has(address);
  const four = carriedFour(address);
  if (four !== undefined && !isPublicAddress(four)) return false;
  if (four !== undefined && !globalSix.has(address)) return true;
  return globalSix.has(address) && !specialSix.has(address);
}
