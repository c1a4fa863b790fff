import { cpus } from 'node:os';

/** What a bench found out: figures with their unit in the name. */
export type Figures = Readonly<Record<string, number>>;

/** One line of output of a bench. */
export type BenchResult = {
  readonly bench: string;
  readonly figures: Figures;
  /** Single rounds, to see how far they lie apart. */
  readonly rounds: Readonly<Record<string, readonly number[]>>;
};

/** The value below which the share (0 to 1) of the values lies; NaN of none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(sorted.length * share) - 1))] ?? Number.NaN;
}

/** The middle value. */
export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** Two or three digits are all that these figures are good for. */
export function rounded(value: number): number {
  return Number(value.toPrecision(3));
}

/** Prints the one JSON line of a bench, the last of its output. */
export function print(result: BenchResult): void {
  const figures = Object.fromEntries(
    Object.entries(result.figures).map(([name, value]) => [name, rounded(value)]),
  );
  const rounds = Object.fromEntries(
    Object.entries(result.rounds).map(([name, values]) => [name, values.map(rounded)]),
  );
  console.log(JSON.stringify({ bench: result.bench, figures, rounds }));
}

/** The machine in a few words. */
export function machine(): string {
  return `${cpus().length} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), Node ${process.versions.node}`;
}
