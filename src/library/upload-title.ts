import { defaultTitle, videoTitle } from '../api/session.ts';

/** A file's name without its folder and its ending: the title that its sender knows it by. */
export function titleOfFile(filename: string | undefined): string {
  const name = (filename ?? '').split(/[\\/]/).at(-1) ?? '';
  const title = name.replace(/\.[0-9A-Za-z]{1,5}$/, '').slice(0, 200);
  const read = videoTitle.safeParse(title);
  return read.success ? read.data : defaultTitle;
}
