import t from 'tap';
import { chaosTable, runChaos } from '../support/chaos.ts';

// Twice five kills: each target twice, in an order that differs from run to run. More: npm run chaos.
t.test('kill -9 of anything at random moments: nothing lost, nothing twice, all decodes', async t => {
  const result = await runChaos({ rounds: 10, killsPerSet: 10, report: line => t.comment(line) });
  t.comment(`seed ${result.seed}\n${chaosTable(result)}`);
  for (const fault of result.faults) t.comment(JSON.stringify(fault));
  t.equal(result.rounds, 10);
  t.equal(result.recordings, 4);
  t.same(result.faults, []);
});
