import { lookup } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import { networkInterfaces } from 'node:os';
import { LivereelError } from '../errors.ts';
import { addressBytes, NetworkList } from './network-list.ts';
import { carriedFour, isPublicAddress } from './public-address.ts';

/** An address that may be connected to. */
export type CheckedAddress = { readonly address: string; readonly family: 4 | 6 };

/** What a guard is made of. */
export type GuardOptions = {
  /** Networks in CIDR notation that are open although they are not public. */
  readonly allowNetworks: readonly string[];
  /** The setting that opens them, for the message to who is refused. */
  readonly openedBy: 'IMPORT_ALLOW_NETWORKS' | 'WEBHOOK_ALLOW_NETWORKS';
  /** Every address of a name. Without it the system's resolver. */
  readonly resolve?: (name: string) => Promise<readonly string[]>;
};

/** Where web servers listen. Other services must not be talked to in the guise of HTTP. */
const webPorts: ReadonlySet<number> = new Set([80, 443, 8000, 8008, 8080, 8081, 8088, 8443, 8888]);

/**
 * Decides where this server may connect to on behalf of somebody: public addresses that are not its own, and
 * networks that were opened. A name is resolved here and nowhere else: who connects uses the answer, so that a name
 * whose address changes between check and connection gains nothing (DNS rebinding).
 */
export class AddressGuard {
  readonly #open: NetworkList;
  readonly #openedBy: string;
  readonly #resolve: (name: string) => Promise<readonly string[]>;

  /** @throws RangeError for a network that is none. */
  constructor({ allowNetworks, openedBy, resolve = resolveBySystem }: GuardOptions) {
    this.#open = new NetworkList(allowNetworks);
    this.#openedBy = openedBy;
    this.#resolve = resolve;
  }

  /**
   * Refuses what is no web address that may be fetched, as far as that can be told without asking DNS.
   * @throws LivereelError `source-address-refused`.
   */
  checkUrl(url: URL): void {
    if (url.protocol !== 'http:' && url.protocol !== 'https:') {
      throw refused(`Only http:// and https:// addresses can be fetched, not ${url.protocol}`);
    }
    const host = hostOf(url);
    if (host === '') throw refused('The address names no host.');
    if (isIP(host) !== 0) this.#checkAddress(host, portOf(url));
  }

  /**
   * The addresses to connect to for a URL, all of them permitted.
   * @throws LivereelError `source-address-refused`; `source-unavailable` when the name is not known.
   */
  async addressesOf(url: URL): Promise<[CheckedAddress, ...CheckedAddress[]]> {
    this.checkUrl(url);
    const host = hostOf(url);
    const addresses = isIP(host) === 0 ? await this.#ask(host) : [host];
    const port = portOf(url);
    const permitted = addresses.filter(address => this.permits(address, port));
    const [first, ...rest] = permitted.map(checked);
    // Not which address it was: that would tell what a private network's own DNS knows.
    if (first === undefined) this.#refuse(host, port, addresses);
    return [first as CheckedAddress, ...rest];
  }

  /** Whether a connection to this address and port may be made. */
  permits(address: string, port: number): boolean {
    const bytes = addressBytes(address);
    if (bytes === undefined) return false;
    if (this.#isOpened(bytes)) return true;
    return webPorts.has(port) && isPublicAddress(bytes) && !isOwn(bytes);
  }

  #isOpened(bytes: Uint8Array): boolean {
    const four = carriedFour(bytes);
    return this.#open.has(bytes) || (four !== undefined && this.#open.has(four));
  }

  #checkAddress(address: string, port: number): void {
    if (!this.permits(address, port)) this.#refuse(address, port, [address]);
  }

  #refuse(host: string, port: number, addresses: readonly string[]): never {
    const isPublic = addresses.some(address => {
      const bytes = addressBytes(address);
      return bytes !== undefined && isPublicAddress(bytes) && !isOwn(bytes);
    });
    if (isPublic)
      throw refused(`Port ${port} of ${host} is not one of the web's, so it is not fetched from.`);
    throw refused(
      `${host} does not lead to the public internet. Who runs this server can open private networks by ${this.#openedBy}.`,
    );
  }

  async #ask(name: string): Promise<readonly string[]> {
    let addresses: readonly string[];
    try {
      addresses = await this.#resolve(name);
    } catch (cause) {
      throw unknownName(name, cause);
    }
    if (addresses.length === 0) throw unknownName(name);
    return addresses;
  }
}

/** The host of a URL as resolvers and sockets want it: an IPv6 address without its brackets. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1');
}

/** The port that a URL leads to. */
export function portOf(url: URL): number {
  if (url.port !== '') return Number(url.port);
  return url.protocol === 'https:' ? 443 : 80;
}

/** Resolves a name to what was checked, whatever DNS says by now: for `net.connect` and what is built on it. */
export function pinnedLookup(addresses: readonly [CheckedAddress, ...CheckedAddress[]]): LookupFunction {
  return (_name, options, callback) => {
    if (options.all) callback(null, [...addresses]);
    else callback(null, addresses[0].address, addresses[0].family);
  };
}

async function resolveBySystem(name: string): Promise<string[]> {
  const found = await lookup(name, { all: true });
  return found.map(({ address }) => address);
}

function checked(address: string): CheckedAddress {
  return { address, family: isIP(address) === 6 ? 6 : 4 };
}

/** A machine with a public address must not be made to talk to itself either. */
function isOwn(bytes: Uint8Array): boolean {
  const target = Buffer.from(carriedFour(bytes) ?? bytes);
  return Object.values(networkInterfaces())
    .flatMap(list => list ?? [])
    .some(({ address }) => target.equals(addressBytes(address) ?? Buffer.alloc(0)));
}

function refused(message: string): LivereelError {
  return new LivereelError('source-address-refused', message);
}

function unknownName(name: string, cause?: unknown): LivereelError {
  return new LivereelError('source-unavailable', `No server is known under the name ${name}.`, { cause });
}
