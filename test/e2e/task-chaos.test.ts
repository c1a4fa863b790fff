import t from 'tap';
import { runTaskChaos } from '../support/task-chaos.ts';

// Each target once, two kinds of tasks. More: npm run chaos -- --tasks.
t.test(
  'kill -9 of worker, server and all while tasks run: every task comes to its end, nothing is left',
  async t => {
    const tasks = ['storyboard', 'ladder'] as const;
    const report = (line: string) => void t.comment(line);
    const { kills, faults } = await runTaskChaos({ kills: 3, tasks, report });
    t.equal(kills.length, 6);
    t.same(faults, []);
  },
);
