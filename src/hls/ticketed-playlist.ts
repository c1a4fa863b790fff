// Relative references only: what has a scheme or begins with a slash leads elsewhere.
const relative = /^(?![a-z][a-z0-9+.-]*:|\/)/i;

/**
 * A multivariant playlist whose addresses go through a path element that carries a ticket: all that is below stays
 * relative to it, and is the same for everyone (rfc8216bis, section 4.1: a URI line, or an attribute `URI`).
 */
export function ticketedPlaylist(text: string, ticket: string): string {
  const through = (address: string) => (relative.test(address) ? `~${ticket}/${address}` : address);
  return text
    .split('\n')
    .map(line => {
      if (line.startsWith('#'))
        return line.replace(/\bURI="([^"]*)"/g, (_, uri: string) => `URI="${through(uri)}"`);
      return line.trim() === '' ? line : through(line);
    })
    .join('\n');
}

/** The same of a WebVTT file whose cues name pictures beside it: `storyboard.0.jpg#xywh=0,0,160,90`. */
export function ticketedThumbnails(text: string, ticket: string): string {
  return text.replace(/^([0-9A-Za-z_.-]+\.(?:jpg|webp|png)(?:#\S*)?)(\r?)$/gm, `~${ticket}/$1$2`);
}
