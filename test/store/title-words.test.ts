import t from 'tap';
import { titleWordPattern, titleWords } from '../../src/store/title-words.ts';

/** As `like` says it, for patterns without `_` and `\`. */
function has(title: string, word: string): boolean {
  return titleWords(title).includes((titleWordPattern(word) ?? '').slice(1, -1));
}

t.test('a word is found whole and in part, without regard to case, accents and signs', async t => {
  const found: Readonly<Record<string, readonly string[]>> = {
    'Über den Garten 12': ['garten', 'ART', 'uber', 'ÜBER', 'gärt', '12', '1', 'd'],
    'Don’t say “co-operate”': ["don't", 'co-op', '"say"', 'don'],
    'Привет, 日本語 🎉': ['привет', 'ИВЕ', 'пр', '日本', '本', '語', '🎉'],
    'C++ for all': ['c++', 'c', 'all.'],
    한글: ['한', '글'],
  };
  for (const [title, words] of Object.entries(found))
    for (const word of words) t.ok(has(title, word), `${title}: ${word}`);
});

t.test('another is not', async t => {
  const missed: Readonly<Record<string, readonly string[]>> = {
    'Über den Garten 12': ['2', 'en', 'x', '"gart"', 'gartenb'],
    'Cooking for all': ['c++', '"ok"', 'oo'],
    日本語: ['本日', 'nnn', 'a'],
  };
  for (const [title, words] of Object.entries(missed))
    for (const word of words) t.notOk(has(title, word), `${title}: ${word}`);
});

t.test('signs alone have no pattern, and a pattern has none of its own', async t => {
  for (const signs of ['%', '_', '\\', '+++', '…']) t.equal(titleWordPattern(signs), undefined, signs);
  for (const word of ['a%b', 'a_b', 'a\\b']) t.equal(titleWordPattern(word), '%a b%', word);
  t.equal(titleWordPattern('日'), `%${titleWords('日').trim()}%`);
});

t.test('a letter of another script is five capitals, each its own', async t => {
  const letters = ['я', 'ю', '日', '本', '🎉', '\u{323af}'].map(letter => titleWords(letter).trim());
  t.equal(new Set(letters).size, letters.length);
  for (const letter of letters) t.match(letter, /^[A-M][N-Z]{4}$/);
});
