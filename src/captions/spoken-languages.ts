/** Whisper's languages by code; their English names, which servers answer with, are those of Unicode but for these. */
const codes =
  'en zh de es ru ko fr ja pt tr pl ca nl ar sv it id hi fi vi he uk el ms cs ro da hu ta no th ur hr bg lt la mi ml ' +
  'cy sk te fa lv bn sr az sl kn et mk br eu is hy ne mn bs kk sq sw gl mr pa si km sn yo so af oc ka be tg sd gu am ' +
  'yi lo uz fo ht ps tk nn mt sa lb my bo tl mg as tt haw ln ha ba jv su yue';
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
for (const code of codes.split(' ')) {
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
