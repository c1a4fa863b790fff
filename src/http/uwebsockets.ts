import type * as UWebSockets from 'uWebSockets.js';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

// The first carries binaries for Node 18 to 23 and any glibc here, the second for Node 22 to 26 and glibc >= 2.38.
const newestOldNode = 23;

/** uWebSockets.js in the version that has a binary for this Node. */
export const uWebSockets: typeof UWebSockets = require(
  Number(process.versions.node.split('.')[0]) <= newestOldNode ? 'uWebSockets.js' : 'uWebSockets.js-next',
);
