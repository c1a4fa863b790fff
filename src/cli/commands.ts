/** Every command of `livereel`: a line for the list, and the text of `livereel <command> --help`. */
export const commands = {
  serve: {
    summary: 'run the server until it is told to stop',
    help: `Starts the server: nginx on HOST:PORT, the embedded Postgres (unless DATABASE_URL is set), ingest and API.
Everything it stores is in CONTENT_DIR. SIGTERM or Ctrl-C ends it cleanly: publishers are told, and what they
were promised is stored.`,
  },
} as const satisfies Record<string, { summary: string; help: string }>;

export type CommandName = keyof typeof commands;
