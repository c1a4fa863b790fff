import t from 'tap';
import { Metrics } from '../../src/http/metrics.ts';
import { taskReadings } from '../../src/http/task-metrics.ts';
import type { TaskCount } from '../../src/jobs/task-store.ts';

async function textOf(counts: () => Promise<readonly TaskCount[]>): Promise<string> {
  const metrics = new Metrics();
  for (const reading of taskReadings(counts)) metrics.addLabelled(reading);
  return await metrics.text();
}

t.test('how many tasks wait, run and failed is told of each kind, also that there are none', async t => {
  const text = await textOf(async () => [
    { task: 'process', state: 'waiting', count: 3, oldestSeconds: 12.5 },
    { task: 'process', state: 'running', count: 1, oldestSeconds: 0 },
    { task: 'ladder', state: 'failed', count: 2, oldestSeconds: 0 },
  ]);
  for (const line of [
    'livereel_tasks{task="process",state="waiting"} 3',
    'livereel_tasks{task="process",state="running"} 1',
    'livereel_tasks{task="process",state="failed"} 0',
    'livereel_tasks{task="ladder",state="failed"} 2',
    'livereel_tasks_oldest_waiting_seconds{task="process"} 12.5',
    'livereel_tasks_oldest_waiting_seconds{task="ladder"} 0',
  ]) {
    t.ok(text.split('\n').includes(line), line);
  }
});

t.test('a database that does not answer costs these numbers only', async t => {
  for (const counts of [() => Promise.reject(new Error('away')), () => new Promise<never>(() => undefined)]) {
    const text = await textOf(counts);
    t.notMatch(text, /livereel_tasks\{/);
    t.match(text, /process_cpu_seconds_total/);
  }
});
