import { spokenLanguages } from '../../api/spoken-languages.ts';

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
