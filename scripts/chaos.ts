/**
 * `npm run chaos -- --rounds 200 [--kills 10] [--seed 1] [--json result.json]`: kills everything, again and again, while
 * four recordings run and are watched; then compares every frame. Exit code 1 when anything was lost, twice or broken.
 *
 * `npm run chaos -- --tasks [--kills 20]`: kills worker, server and all in the middle of each kind of background task.
 */
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { chaosTable, runChaos } from '../test/support/chaos.ts';
import { runTaskChaos, taskChaosTable } from '../test/support/task-chaos.ts';

const { values } = parseArgs({
  options: {
    tasks: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '10' },
    kills: { type: 'string', default: '10' },
    seed: { type: 'string' },
    json: { type: 'string' },
  },
});

function wholeNumber(name: string, value: string): number {
  if (/^[1-9]\d{0,8}$/.test(value)) return Number(value);
  console.error(`--${name} holds "${value}"; it may hold a whole number from 1 on.`);
  process.exit(2);
}

if (values.tasks) {
  const ended = await runTaskChaos({
    kills: wholeNumber('kills', values.kills),
    report: line => console.error(line),
  });
  console.log(taskChaosTable(ended));
  console.log(`${ended.kills.length} kills, ${ended.faults.length} faults\n${ended.faults.join('\n')}`);
  if (values.json) await writeFile(values.json, `${JSON.stringify(ended, null, 2)}\n`);
  process.exit(ended.faults.length === 0 ? 0 : 1);
}

const result = await runChaos({
  rounds: wholeNumber('rounds', values.rounds),
  killsPerSet: wholeNumber('kills', values.kills),
  ...(values.seed === undefined ? {} : { seed: wholeNumber('seed', values.seed) }),
  report: line => console.error(line),
});
console.log(chaosTable(result));
for (const { set, name, id, faults } of result.faults) {
  console.log(`\nset ${set}, ${name} (${id}):\n  ${faults.join('\n  ')}`);
}
if (values.json) await writeFile(values.json, `${JSON.stringify(result, null, 2)}\n`);
console.log(JSON.stringify({ ...result, kills: result.kills.length }));
process.exit(result.faults.length === 0 ? 0 : 1);
