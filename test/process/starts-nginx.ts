// Run by nginx.test.ts, which kills it: starts nginx, says its pid and port, and waits.
import { pino } from 'pino';
import { Nginx } from '../../src/process/nginx.ts';

const options = JSON.parse(String(process.argv[2]));
const nginx = await Nginx.start({ ...options, log: pino({ level: 'silent' }) });
console.log(JSON.stringify({ pid: nginx.pid, port: nginx.port }));
setInterval(() => {}, 1_000);
