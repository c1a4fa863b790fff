// Run by child-program.test.ts, which kills it: starts a program, says its pid, and waits.
import { tmpdir } from 'node:os';
import { pino } from 'pino';
import { startProgram } from '../../src/process/child-program.ts';

const program = startProgram({
  name: 'sleep',
  program: 'sleep',
  args: ['600'],
  cwd: tmpdir(),
  stdin: 'ignore',
  log: pino({ level: 'silent' }),
});
console.log(program.pid);
setInterval(() => {}, 1_000);
