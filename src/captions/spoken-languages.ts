import { spokenLanguages } from '../api/spoken-languages.ts';

/** English names that servers answer with, where they are not those of Unicode. */
const otherNames: Readonly<Record<string, string>> = {
  bengali: 'bn',
  'haitian creole': 'ht',
  maori: 'mi',
  myanmar: 'my',
  nynorsk: 'nn',
  tagalog: 'tl',
  cantonese: 'yue',
  nb: 'no',
  // Whisper's own code, which was never one of BCP-47.
  jw: 'jv',
};

const named = new Intl.DisplayNames('en', { type: 'language' });
const codeOfName = new Map<string, string>();
for (const code of spokenLanguages) {
  codeOfName.set(code, code);
  codeOfName.set((named.of(code) ?? code).toLowerCase(), code);
}
for (const [name, code] of Object.entries(otherNames)) codeOfName.set(name, code);

/** The BCP-47 primary language for what a server calls it (`english`, `en`, `en-GB`); null for what Whisper does not know. */
export function languageCode(said: string): string | null {
  const name = said.trim().toLowerCase();
  return codeOfName.get(name) ?? codeOfName.get(name.split('-')[0] ?? '') ?? null;
}

/** Whisper's own code for a BCP-47 tag (`en-GB` gives `en`); null for a language that it does not know. */
export function whisperLanguage(tag: string): string | null {
  const code = languageCode(tag);
  return code === 'jv' ? 'jw' : code;
}
