/** The playback token with which this page was opened (`?token=`), by a link to a private video; null without one. */
export function pageToken(): string | null {
  return new URLSearchParams(location.search).get('token');
}

/** An address of the API with the page's token, where it has one. `path` may have a query of its own. */
export function withPageToken(path: string): string {
  const token = pageToken();
  if (token === null) return path;
  return `${path}${path.includes('?') ? '&' : '?'}token=${encodeURIComponent(token)}`;
}
