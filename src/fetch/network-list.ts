import { isIP } from 'node:net';

type Network = { readonly bytes: Uint8Array; readonly prefixBits: number };

/** Networks in CIDR notation (RFC 4632, RFC 4291): which addresses lie in one of them. */
export class NetworkList {
  readonly #networks: readonly Network[];

  /** `networks`: `10.0.0.0/8`, `fd00::/8`; a bare address is a network of its own. @throws RangeError for what is none. */
  constructor(networks: readonly string[]) {
    this.#networks = networks.map(parseNetwork);
  }

  /** Whether the address (4 or 16 bytes) lies in one of the networks of its family. */
  has(address: Uint8Array): boolean {
    return this.#networks.some(network => isWithin(address, network));
  }
}

/** An address as its 4 or 16 bytes in network order, a zone (`%eth0`) left out; undefined for what is no address. */
export function addressBytes(address: string): Uint8Array | undefined {
  const bare = address.replace(/%.*$/s, '');
  const family = isIP(bare);
  if (family === 4) return Uint8Array.from(bare.split('.'), Number);
  return family === 6 ? sixteenBytes(bare) : undefined;
}

function sixteenBytes(address: string): Uint8Array {
  // The last 32 bits may be written as an IPv4 address (RFC 4291, section 2.2).
  const hexadecimal = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a, b, c, d) =>
    [a * 256 + +b, c * 256 + +d].map(group => group.toString(16)).join(':'),
  );
  const [head = '', tail] = hexadecimal.split('::');
  const before = groupsOf(head);
  const after = groupsOf(tail ?? '');
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => 0);
  return Uint8Array.from([...before, ...zeros, ...after].flatMap(group => [group >> 8, group & 0xff]));
}

function groupsOf(text: string): number[] {
  return text === '' ? [] : text.split(':').map(group => Number.parseInt(group, 16));
}

function parseNetwork(text: string): Network {
  const [address = '', prefix, ...rest] = text.split('/');
  const bytes = addressBytes(address);
  const prefixBits = prefix === undefined ? (bytes?.length ?? 0) * 8 : Number(prefix);
  const isWhole = prefix === undefined || /^\d{1,3}$/.test(prefix);
  if (bytes === undefined || !isWhole || rest.length > 0 || prefixBits > bytes.length * 8) {
    throw new RangeError(`"${text}" is no network in CIDR notation`);
  }
  return { bytes, prefixBits };
}

function isWithin(address: Uint8Array, { bytes, prefixBits }: Network): boolean {
  if (address.length !== bytes.length) return false;
  const wholeBytes = prefixBits >> 3;
  for (let index = 0; index < wholeBytes; index += 1) if (address[index] !== bytes[index]) return false;
  const restBits = prefixBits & 7;
  if (restBits === 0) return true;
  const mask = (0xff << (8 - restBits)) & 0xff;
  return ((address[wholeBytes] as number) & mask) === ((bytes[wholeBytes] as number) & mask);
}
