/** How the pictures of a storyboard lie: sheets of tiles, a tile for each `everySeconds`. */
export type StoryboardPlan = {
  readonly everySeconds: number;
  readonly tiles: number;
  readonly columns: number;
  readonly rows: number;
  readonly sheets: number;
  /** Of a tile, pixels. */
  readonly width: number;
  readonly height: number;
};

/** What a person can tell apart on a scrub bar; more would only cost. */
const tilesASheet = 100;
const mostSheets = 4;
const mostColumns = 10;
const longSide = 192;
/** Distances that people find natural, seconds. */
const steps = [1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600];

/** Plans the storyboard of a video of this size, as it is shown. */
export function planStoryboard(durationSeconds: number, width: number, height: number): StoryboardPlan {
  // One sheet up to five minutes; beyond, as fine as four sheets allow.
  const least =
    durationSeconds / (durationSeconds <= 3 * tilesASheet ? tilesASheet : tilesASheet * mostSheets);
  const everySeconds = steps.find(step => step >= least) ?? Math.ceil(least);
  const tiles = Math.max(1, Math.ceil(durationSeconds / everySeconds - 0.05));
  const columns = Math.min(mostColumns, tiles);
  const rows = Math.min(Math.ceil(tilesASheet / columns), Math.ceil(tiles / columns));
  const scale = longSide / Math.max(width, height);
  const even = (side: number) => Math.max(2, Math.round((side * scale) / 2) * 2);
  const sheets = Math.ceil(tiles / (columns * rows));
  return { everySeconds, tiles, columns, rows, sheets, width: even(width), height: even(height) };
}

/** The name of a sheet's file, counted from 0. */
export function sheetName(sheet: number): string {
  return `storyboard.${sheet}.jpg`;
}

/** WebVTT that names for each stretch of time the piece of a sheet that shows it (`#xywh=`, Media Fragments 4.2.2). */
export function storyboardVtt(plan: StoryboardPlan, durationSeconds: number): string {
  const { everySeconds, tiles, columns, rows, width, height } = plan;
  const cues = Array.from({ length: tiles }, (_, tile) => {
    const inSheet = tile % (columns * rows);
    const [x, y] = [(inSheet % columns) * width, Math.floor(inSheet / columns) * height];
    const end =
      tile === tiles - 1 ? Math.max(durationSeconds, tile * everySeconds + 0.001) : (tile + 1) * everySeconds;
    const place = `${sheetName(Math.floor(tile / (columns * rows)))}#xywh=${x},${y},${width},${height}`;
    return `${stamp(tile * everySeconds)} --> ${stamp(end)}\n${place}\n`;
  });
  return `WEBVTT\n\n${cues.join('\n')}`;
}

function stamp(seconds: number): string {
  const millis = Math.round(seconds * 1_000);
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
  return `${two(millis / 3_600_000)}:${two((millis / 60_000) % 60)}:${two((millis / 1_000) % 60)}.${String(millis % 1_000).padStart(3, '0')}`;
}
