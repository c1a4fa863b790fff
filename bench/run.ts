/**
 * `npm run bench [-- name ...]`: runs each bench as a process of its own, prints its JSON line, holds its figures against
 * budgets.json, and writes the table in docs/benchmarks.md. `name:part` runs one part of a long bench (its README names
 * them) and writes that part's rows. Exit code 1 when a budget is overspent.
 */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type BenchResult, machine } from './measure.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
const page = fileURLToPath(new URL('../docs/benchmarks.md', import.meta.url));
const names = readdirSync(here, { withFileTypes: true })
  .filter(entry => entry.isDirectory())
  .map(entry => entry.name);

type Budgets = Record<string, Record<string, number>>;
/** What ran: all of a bench, or a part of it. */
type Ran = BenchResult & { readonly isWhole: boolean };

async function runBench(wanted: string): Promise<Ran> {
  const [name = '', ...part] = wanted.split(':');
  const child = spawn(process.execPath, ['--import', 'tsx', `${here}${name}/bench.ts`, ...part], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (bytes: Buffer) => {
    output += bytes.toString();
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const line = output.trim().split('\n').at(-1) ?? '';
  if (code !== 0 || !line.startsWith('{')) throw new Error(`bench ${wanted} ended with ${code}: ${output}`);
  return { ...(JSON.parse(line) as BenchResult), isWhole: part.length === 0 };
}

/** The rows of a bench; figures without a budget are told without one. */
function rows({ bench, figures }: BenchResult, budgets: Budgets): string[] {
  return Object.entries(figures).map(([figure, value]) => {
    const budget = budgets[bench]?.[figure];
    const kept = budget === undefined ? '' : value <= budget ? 'kept' : '**overspent**';
    return `| ${bench} | ${figure} | ${value} | ${budget === undefined ? '' : `≤ ${budget}`} | ${kept} |`;
  });
}

/** Replaces the rows of these benches, or parts, in the page and leaves the others as they are. */
async function writeTable(results: readonly Ran[], budgets: Budgets): Promise<void> {
  const [begin, end] = ['<!-- bench table begin -->', '<!-- bench table end -->'];
  const text = await readFile(page, 'utf8');
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`${page} lacks the marks around its table`);
  const isNew = (bench: string, figure: string) =>
    results.some(one => one.bench === bench && (one.isWhole || figure in one.figures));
  const old = text
    .slice(from, to)
    .split('\n')
    .filter(line => {
      const [, bench = '', figure = ''] = line.split('|').map(cell => cell.trim());
      return /^\| (?!bench )[a-z]/.test(line) && !isNew(bench, figure);
    });
  const lines = [...old, ...results.flatMap(result => rows(result, budgets))].sort();
  const table = ['| bench | figure | measured | budget | |', '|---|---|---|---|---|', ...lines];
  const date = new Date().toISOString().slice(0, 10);
  const body = `${begin}\n${date}, ${machine()}\n\n${table.join('\n')}\n`;
  await writeFile(page, text.slice(0, from) + body + text.slice(to));
}

const wanted = process.argv.slice(2);
const unknown = wanted.filter(name => !names.includes(name.split(':')[0] ?? ''));
if (unknown.length > 0) {
  console.error(`There is no bench ${unknown.join(', ')}; there are ${names.join(', ')}.`);
  process.exit(2);
}
const budgets = JSON.parse(await readFile(`${here}budgets.json`, 'utf8')) as Budgets;
const results: Ran[] = [];
for (const name of wanted.length > 0 ? wanted : names) {
  const result = await runBench(name);
  results.push(result);
  console.log(JSON.stringify(result));
}
await writeTable(results, budgets);
const overspent = results.flatMap(({ bench, figures, isWhole }) =>
  Object.entries(budgets[bench] ?? {}).filter(
    ([figure, budget]) => (isWhole || figure in figures) && !((figures[figure] ?? Number.NaN) <= budget),
  ),
);
for (const [figure, budget] of overspent) console.error(`overspent: ${figure}, budget ${budget}`);
process.exit(overspent.length === 0 ? 0 : 1);
