/** Something that a command tells: `type` says what, the rest are its facts. */
export type Told = { readonly type: string; readonly [fact: string]: unknown };

/**
 * What a command says to whoever called it: sentences for a person, or with `--json` one JSON object a line for a
 * script (docs/command-line.md). Results go to standard output, remarks to standard error; as JSON all of it goes
 * to standard output, so that a script reads one stream.
 */
export class Output {
  readonly isJson: boolean;
  readonly #results: Pick<NodeJS.WritableStream, 'write'>;
  readonly #remarks: Pick<NodeJS.WritableStream, 'write'>;

  constructor(
    isJson: boolean,
    streams: {
      results: Pick<NodeJS.WritableStream, 'write'>;
      remarks: Pick<NodeJS.WritableStream, 'write'>;
    },
  ) {
    this.isJson = isJson;
    this.#results = streams.results;
    this.#remarks = streams.remarks;
  }

  /** What the command was called for. */
  result(told: Told, sentence: string): void {
    this.#tell(this.#results, told, sentence);
  }

  /** What happens meanwhile, and what went wrong. */
  remark(told: Told, sentence: string): void {
    this.#tell(this.#remarks, told, sentence);
  }

  #tell(stream: Pick<NodeJS.WritableStream, 'write'>, told: Told, sentence: string): void {
    if (this.isJson) this.#results.write(`${JSON.stringify(told)}\n`);
    else stream.write(`${sentence}\n`);
  }
}
