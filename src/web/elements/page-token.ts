/** The playback token with which this page was opened (`?token=`), by a link to a private video; null without one. */
export function pageToken(): string | null {
  return new URLSearchParams(location.search).get('token');
}

/** An address of the API with a token, the page's own where none is given. */
export function withToken(path: string, token = pageToken()): string {
  return token === null ? path : `${path}?token=${encodeURIComponent(token)}`;
}
