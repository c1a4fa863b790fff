/** Where a server waits for media: the addresses of its ICE candidates. */
export type MediaAddress = { readonly hosts: readonly string[]; readonly port: number };

/**
 * The fragment that tells a server of new ICE credentials (RFC 9725, section 4.3.3; RFC 8840): those of the first
 * section of an offer, which carries the whole bundle.
 */
export function restartFragment(offer: string): string {
  const lines = linesOf(offer);
  const first = lines.slice(lines.findIndex(line => line.startsWith('m=')));
  const pick = (start: string) => (first.length === 0 ? lines : first).find(line => line.startsWith(start));
  const told = [
    lines.find(line => line.startsWith('a=group:BUNDLE')),
    pick('m='),
    pick('a=mid:'),
    pick('a=ice-ufrag:'),
    pick('a=ice-pwd:'),
    // That we take a new handshake too, which servers whose transport cannot restart need.
    pick('a=fingerprint:') ?? lines.find(line => line.startsWith('a=fingerprint:')),
  ].filter(line => line !== undefined);
  return `${told.join('\r\n')}\r\n`;
}

/** The answer that holds after a restart: the one before, with the credentials and candidates of the fragment. */
export function restartedAnswer(answer: string, fragment: string): string {
  const told = linesOf(fragment);
  const find = (start: string) => told.find(line => line.startsWith(start));
  const candidates = told.filter(line => /^a=(candidate:|end-of-candidates)/.test(line));
  let isFirst = true;
  const lines = linesOf(answer).flatMap(line => {
    if (line.startsWith('a=ice-ufrag:')) return [find('a=ice-ufrag:') ?? line];
    if (line.startsWith('a=ice-pwd:')) return [find('a=ice-pwd:') ?? line];
    if (line.startsWith('a=fingerprint:')) return [find('a=fingerprint:') ?? line];
    if (candidates.length === 0) return [line];
    if (/^a=(candidate:|end-of-candidates)/.test(line)) return [];
    if (!isFirst || !line.startsWith('a=mid:')) return [line];
    isFirst = false;
    return [line, ...candidates];
  });
  return `${lines.join('\r\n')}\r\n`;
}

/** Where the server of an answer waits for UDP packets; undefined when it does not say. */
export function mediaAddress(answer: string): MediaAddress | undefined {
  const found = [...answer.matchAll(/^a=candidate:\S+ 1 udp \d+ (\S+) (\d+) typ host/gim)];
  const port = found[0]?.[2];
  if (port === undefined) return undefined;
  return { hosts: [...new Set(found.map(([, host = '']) => host))], port: Number(port) };
}

function linesOf(sdp: string): string[] {
  return sdp.split(/\r?\n/).filter(line => line !== '');
}
