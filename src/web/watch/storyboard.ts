/** A piece of a picture that shows a stretch of the video. */
export type Tile = {
  readonly startSeconds: number;
  readonly endSeconds: number;
  readonly url: string;
  /** Pixels within the picture. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
};

const timing = /^(?:(\d+):)?(\d\d):(\d\d\.\d{3}) --> (?:(\d+):)?(\d\d):(\d\d\.\d{3})/;
const place = /^(.+)#xywh=(?:pixel:)?(\d+),(\d+),(\d+),(\d+)$/;

/** Reads a storyboard (WebVTT with `#xywh=`); its pictures lie beside `url`, and carry the token that `url` has. */
export function readStoryboard(text: string, url: string): Tile[] {
  const lines = text.split(/\r?\n/);
  return lines.flatMap((line, index) => {
    const times = timing.exec(line);
    const where = place.exec(lines[index + 1] ?? '');
    if (times === null || where === null) return [];
    const picture = new URL(where[1] as string, url);
    const token = new URL(url).searchParams.get('token');
    if (token !== null && !picture.searchParams.has('token')) picture.searchParams.set('token', token);
    const [x, y, width, height] = where.slice(2).map(Number) as [number, number, number, number];
    const seconds = ([hours, minutes, rest]: (string | undefined)[]) =>
      Number(hours ?? 0) * 3_600 + Number(minutes) * 60 + Number(rest);
    return [
      {
        startSeconds: seconds(times.slice(1, 4)),
        endSeconds: seconds(times.slice(4, 7)),
        url: picture.href,
        x,
        y,
        width,
        height,
      },
    ];
  });
}

/** The tile that shows `seconds`; the nearest outside of the video; undefined when there is none at all. */
export function tileAt(tiles: readonly Tile[], seconds: number): Tile | undefined {
  return tiles.find(({ endSeconds }) => seconds < endSeconds) ?? tiles.at(-1);
}
