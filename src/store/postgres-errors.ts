/** The codes of PostgreSQL that stores tell apart (its manual, appendix A). */
const codes = { foreignKeyViolation: '23503', uniqueViolation: '23505' } as const;

/** Whether this is how the database refused a query. */
export function isRefusal(error: unknown, refusal: keyof typeof codes): boolean {
  return (error as { code?: unknown } | null)?.code === codes[refusal];
}
