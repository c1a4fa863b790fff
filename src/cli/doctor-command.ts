import { defineCommand } from './command.ts';

const exitFound = 1;

/** `livereel doctor`: looks for what is broken, and mends what can be mended. */
export const doctorCommand = defineCommand({
  summary: 'look for what is broken in the content directory, and mend it',
  help: `Looks at the machine and at everything in CONTENT_DIR: programs, disk, permissions, what a killed server left,
folders without a video, videos without files, playlists, MP4s and half-written files. Says each in a line, and
what it does about it. Without --fix it changes nothing. Works beside a running server, whose live videos and
tasks it leaves alone, and without one. Nothing that was recorded is thrown away: folders that belong to no video
are moved to "orphans". Exit code: 0 nothing is wrong, or all was mended; 1 something is.`,
  examples: [
    { line: 'livereel doctor', says: 'a look, nothing is changed' },
    { line: 'livereel doctor --fix', says: 'mends what it can' },
    { line: 'livereel doctor --json', says: 'one finding a line, for scripts' },
  ],
  operands: [],
  flags: { fix: { kind: 'switch', says: 'mend what can be mended' } },
  async run({ values, output, environment, stopped }) {
    const [{ readConfig }, { createLog }, { examine }] = await Promise.all([
      import('../config.ts'),
      import('../log.ts'),
      import('../doctor/open-doctor.ts'),
    ]);
    const config = readConfig(environment);
    // What programs say is no part of the findings.
    const log = createLog('silent');
    const counts = { found: 0, mended: 0 };
    for await (const { check, subject, problem, remedy, fix } of examine(config, log, stopped)) {
      counts.found += 1;
      const told = { type: 'finding', check, subject, problem, remedy, canFix: fix !== undefined };
      if (!values.fix || fix === undefined) {
        const advice = fix === undefined ? remedy : `With --fix: ${remedy}`;
        output.result({ ...told, isMended: false }, `${problem} ${advice}`);
        continue;
      }
      try {
        await fix();
        counts.mended += 1;
        output.result({ ...told, isMended: true }, `Mended: ${problem} ${remedy}`);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        output.result({ ...told, isMended: false, error: reason }, `Not mended (${reason}): ${problem}`);
      }
    }
    const sentence =
      counts.found === 0 ? 'Nothing is wrong.' : `${counts.found} found, ${counts.mended} mended.`;
    output.result({ type: 'summary', ...counts }, sentence);
    return counts.found === counts.mended ? 0 : exitFound;
  },
});
