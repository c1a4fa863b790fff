/** The languages that recognisers of the Whisper family know, BCP-47. */
export const spokenLanguages = (
  'af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fo fr gl gu ha haw he hi hr ht hu hy id ' +
  'is it ja ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc pa pl ps pt ro ru sa sd si ' +
  'sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo zh'
).split(' ');

const names = new Intl.DisplayNames(['en'], { type: 'language' });

/** A language in English words: `German`; the tag itself where nobody has named it. */
export function languageName(tag: string): string {
  try {
    return names.of(tag) ?? tag;
  } catch {
    return tag;
  }
}

/** All of them to choose from, by their names; `also` is one more that is in use. */
export function languageChoices(also?: string): { tag: string; name: string }[] {
  const tags =
    also === undefined || spokenLanguages.includes(also) ? spokenLanguages : [...spokenLanguages, also];
  return tags
    .map(tag => ({ tag, name: languageName(tag) }))
    .sort((one, other) => one.name.localeCompare(other.name));
}
