import { z } from 'zod';

/** What the accounts of one level may use; null: as much as there is. */
export type QuotaSetting = {
  /** Of all videos of an account together. */
  readonly minutes: number | null;
  readonly bytes: number | null;
  /** Live at once. */
  readonly sessions: number | null;
};

const mostListed = 16;
const gibibyte = 1024 ** 3;

/** A whole number in decimal notation; `preset` where nothing is set. */
export function wholeNumber(least: number, most: number, preset: number) {
  return anyWholeNumber(least, most).default(preset);
}

/** The same, without anything in its place. */
export function anyWholeNumber(least: number, most: number) {
  const message = `a whole number from ${least} to ${most}`;
  return numberFrom(z.number(message).int(message).min(least, message).max(most, message), message);
}

/** Seconds, with a fraction if need be. */
export function seconds(least: number, most: number, preset: number) {
  const message = `a number of seconds from ${least} to ${most}`;
  return numberFrom(z.number(message).min(least, message).max(most, message), message).default(preset);
}

/** A number. Decimal notation only: `Number` alone would also take `0x10`, `1e3` and blanks. */
export function numberFrom(schema: z.ZodNumber, message: string) {
  return z
    .string()
    .regex(/^\d{1,15}(\.\d{1,9})?$/, message)
    .transform(Number)
    .pipe(schema);
}

/** Text that passes a test; `message`: what it may be. */
export function matching(test: (value: string) => boolean, message: string) {
  return z.string().refine(test, message);
}

/** Up to 16, separated by commas or blanks; none when nothing is set. */
export function list(test: (value: string) => boolean, message: string) {
  const split = (value: string) => value.split(/[\s,]+/).filter(item => item !== '');
  return z
    .string()
    .default('')
    .transform(split)
    .refine(items => items.length <= mostListed && items.every(test), message);
}

/** `600/10/2`: minutes, GiB, live sessions at once; `-` where there is no limit. */
export function quota(preset: string) {
  const part = '(?:\\d{1,9}(?:\\.\\d{1,3})?|-)';
  const pattern = new RegExp(`^${part}/${part}/(?:\\d{1,9}|-)$`);
  return z
    .string()
    .regex(pattern, 'minutes/GiB/live sessions, for example 600/10/2, and - for no limit')
    .default(preset)
    .transform((text): QuotaSetting => {
      const [minutes = null, gibibytes = null, sessions = null] = text
        .split('/')
        .map(number => (number === '-' ? null : Number(number)));
      return { minutes, bytes: gibibytes === null ? null : Math.round(gibibytes * gibibyte), sessions };
    });
}
