/** What an address leads to: a media file, an HLS playlist, or a page on which something may be found. */
export type SourceKind = 'file' | 'playlist' | 'page';

/**
 * Tells by the first bytes what an address leads to; its name and its headers decide nothing. What is text is a page
 * (DASH manifests too); which file it is, and whether one of use, is told by who reads it.
 */
export function sourceKindOf(first: Buffer): SourceKind {
  const text = first.toString('utf8').replace(/^\uFEFF/, '');
  if (/^#EXTM3U\s/.test(text)) return 'playlist';
  return isText(first) ? 'page' : 'file';
}

/** No control characters but white space: every container of ours has others among its first few bytes. */
function isText(bytes: Buffer): boolean {
  return bytes.every(
    byte => byte >= 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d || byte === 0x0c,
  );
}
