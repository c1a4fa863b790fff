import type { Knex } from 'knex';

const rowsAtOnce = 1_000;

/** Writes what is made of each video's title into a new column. */
export async function fillFromTitle(
  knex: Knex,
  column: string,
  make: (title: string) => string,
): Promise<void> {
  for (let after = ''; ; ) {
    const rows: { id: string; title: string }[] = await knex('videos')
      .select('id', 'title')
      .where('id', '>', after)
      .orderBy('id')
      .limit(rowsAtOnce);
    const last = rows.at(-1);
    if (last === undefined) return;
    const values = rows.map(() => '(?, ?)').join(', ');
    await knex.raw(
      `update videos set ${column} = given.made from (values ${values}) as given (id, made) where videos.id = given.id`,
      rows.flatMap(({ id, title }) => [id, make(title)]),
    );
    after = last.id;
  }
}
