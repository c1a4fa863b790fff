/**
 * What somebody pasted as an address of the web, `https://` put before it where that was left out; undefined for what
 * is none.
 */
export function webAddress(pasted: string): string | undefined {
  const text = pasted.trim();
  const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `https://${text}`;
  // A word alone is no host; one with a space is a sentence.
  if (text === '' || /\s/.test(text) || !URL.canParse(url)) return undefined;
  const { protocol, hostname } = new URL(url);
  const isHost = /[.:]/.test(hostname) || hostname === 'localhost';
  return isHost && (protocol === 'https:' || protocol === 'http:') ? url : undefined;
}
