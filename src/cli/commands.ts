import type { Command } from './command.ts';
import { serveCommand } from './serve-command.ts';

/** Every command of `livereel`, in the order of its help. */
export const commands: Readonly<Record<string, Command>> = {
  serve: serveCommand,
};
