import type { Output } from './output.ts';

/** An option of a command. `says`: what it does, on one line of the help. */
export type Flag =
  | { readonly kind: 'switch'; readonly short?: string; readonly says: string }
  | {
      readonly kind: 'text';
      readonly short?: string;
      /** What the help shows for the value, e.g. `url`. */
      readonly placeholder: string;
      readonly says: string;
      /** Only these are taken. */
      readonly choices?: readonly string[];
      /** An environment variable that holds it when the option is not given. */
      readonly variable?: string;
      readonly isRequired?: boolean;
    }
  | {
      readonly kind: 'number';
      readonly short?: string;
      readonly placeholder: string;
      readonly says: string;
      readonly minimum: number;
      readonly maximum: number;
      readonly isWhole?: boolean;
    };

/** By their long names, without the dashes. */
export type Flags = Readonly<Record<string, Flag>>;

type FlagValue<F extends Flag> = F extends { kind: 'switch' }
  ? boolean
  : F extends { kind: 'number' }
    ? number | undefined
    : F extends { choices: readonly (infer Choice)[] }
      ? Choice | undefined
      : F extends { isRequired: true }
        ? string
        : string | undefined;

/** What was given for each option; undefined for what was not. */
export type FlagValues<F extends Flags> = { readonly [Name in keyof F]: FlagValue<F[Name]> };

/** An argument without a name, in its place. */
export type Operand = { readonly name: string; readonly says: string; readonly isOptional?: boolean };

/** What a command is run with. */
export type Call<F extends Flags = Flags> = {
  readonly values: FlagValues<F>;
  /** As many as the command has operands, fewer when the last are optional. */
  readonly operands: readonly string[];
  readonly output: Output;
  readonly environment: NodeJS.ProcessEnv;
  /** livereel's own, e.g. `0.1.0`. */
  readonly version: string;
  /** Aborts at the first SIGINT, SIGTERM or SIGHUP, with the signal's name as its reason. */
  readonly stopped: AbortSignal;
  /** Aborts at the second one: whoever called does not want to wait. */
  readonly hurried: AbortSignal;
};

/** One command of `livereel`: what its help says, and what it does. */
export type CommandOf<F extends Flags> = {
  /** A line for the list of commands. */
  readonly summary: string;
  /** Some sentences, lines of at most 110 characters. */
  readonly help: string;
  readonly examples: readonly { readonly line: string; readonly says: string }[];
  readonly operands: readonly Operand[];
  readonly flags: F;
  /**
   * Does it; resolves with the exit code of the process. What it needs is imported in here, so that
   * `--help` stays quick.
   * @throws LivereelError what `main` tells the person, and makes an exit code of.
   */
  run(call: Call<F>): Promise<number>;
};

/** Any command, its options read already. */
export type Command = CommandOf<Flags>;

/** Keeps the types of a command's options for its `run`, and forgets them outside. */
export function defineCommand<const F extends Flags>(command: CommandOf<F>): Command {
  return command as unknown as Command;
}
