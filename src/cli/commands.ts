import type { Command } from './command.ts';
import { doctorCommand } from './doctor-command.ts';
import { importCommand } from './import-command.ts';
import { pushCommand } from './push-command.ts';
import { serveCommand } from './serve-command.ts';
import { tokenCommand } from './token-command.ts';
import { workerCommand } from './worker-command.ts';

/** Every command of `livereel`, in the order of its help. */
export const commands: Readonly<Record<string, Command>> = {
  serve: serveCommand,
  worker: workerCommand,
  push: pushCommand,
  doctor: doctorCommand,
  import: importCommand,
  token: tokenCommand,
};
