/** What a check looked for. */
export const checkNames = [
  'program-missing',
  'disk-low',
  'wrong-permissions',
  'stale-process-file',
  'no-database',
  'orphan-folder',
  'unfinished-deletion',
  'files-missing',
  'broken-playlist',
  'broken-file',
  'size-differs',
  'half-written',
  'journal-left',
  'stuck-task',
  'stuck-video',
] as const;

/** Something that is not as it should be. */
export type Finding = {
  readonly check: (typeof checkNames)[number];
  /** A video's id, a path below the content directory, a program; null: the machine. */
  readonly subject: string | null;
  /** What is wrong: a sentence. */
  readonly problem: string;
  /** What `--fix` does about it, or what a person has to do: a sentence. */
  readonly remedy: string;
  /** Mends it; throws when it cannot. Left out where only a person can. */
  readonly fix?: () => Promise<void>;
};
