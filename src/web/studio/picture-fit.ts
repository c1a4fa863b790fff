/**
 * Whether a picture may be cropped to fill the page. A little of the edge goes unnoticed; a landscape camera on
 * a portrait screen would show a person half of what is recorded.
 */
export function fillsPage(
  picture: { width: number; height: number },
  page: { width: number; height: number },
): boolean {
  if (picture.width === 0 || picture.height === 0) return true;
  const ratio = (picture.width / picture.height) * (page.height / page.width);
  return Math.min(ratio, 1 / ratio) > 0.7;
}

/** A small still of what a video shows, as a `data:` address; undefined while it shows nothing. */
export function stillOf(video: HTMLVideoElement | null): string | undefined {
  if (video === null || video.videoWidth === 0) return undefined;
  const canvas = document.createElement('canvas');
  canvas.width = 160;
  canvas.height = Math.round((160 * video.videoHeight) / video.videoWidth);
  canvas.getContext('2d')?.drawImage(video, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL('image/jpeg', 0.7);
}
