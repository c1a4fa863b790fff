// Run by content-lock.test.ts, which kills it: takes the lock, says so, and waits.
import { spawn } from 'node:child_process';
import { ContentLock } from '../../src/process/content-lock.ts';

const lock = await ContentLock.take(String(process.argv[2]));
spawn('sleep', ['2'], { stdio: 'ignore', detached: true }).unref();
console.log('taken');
setInterval(() => lock, 1_000);
