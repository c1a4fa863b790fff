/** How long something still takes, as people say it: `a few seconds left`, `40 s left`, `12 min left`. */
export function remainingWords(seconds: number): string {
  if (seconds < 5) return 'a few seconds left';
  if (seconds < 90) return `${Math.ceil(seconds / 5) * 5} s left`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min left`;
  return `${Math.round(minutes / 60)} h left`;
}
