const belowVideo = /\/hls\/([0-9A-Za-z]{12})\/(?:~[^/]+\/)?/;

/**
 * An address below a video's playlist with the token of a newer address of that (`?token=` or `/~<token>/`,
 * docs/protocol.md, section 4); as it is where the newer one has none.
 */
export function renewedAddress(address: string, newer: string): string {
  const token = new URL(newer).searchParams.get('token');
  if (token === null) return address;
  const url = new URL(address);
  if (url.searchParams.has('token')) url.searchParams.set('token', token);
  // It had none while the video was public.
  else url.pathname = url.pathname.replace(belowVideo, `/hls/$1/~${token}/`);
  return url.href;
}
