const unitSeconds = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;

/** How long something is to hold, as a person writes it, in seconds: `90s`, `45m`, `12h`, `7d`; undefined for all else. */
export function lifeTimeSeconds(text: string): number | undefined {
  const [, count, unit] = /^(\d{1,9})([smhd])$/.exec(text.trim()) ?? [];
  return count === undefined ? undefined : Number(count) * unitSeconds[unit as keyof typeof unitSeconds];
}
