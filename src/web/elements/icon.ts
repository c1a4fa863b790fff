import { html, type TemplateResult } from 'lit';
import { unsafeHTML } from 'lit/directives/unsafe-html.js';
import letters from 'lucide-static/icons/a-large-small.svg?raw';
import arrowDown from 'lucide-static/icons/arrow-down.svg?raw';
import captions from 'lucide-static/icons/captions.svg?raw';
import captionsOff from 'lucide-static/icons/captions-off.svg?raw';
import check from 'lucide-static/icons/check.svg?raw';
import down from 'lucide-static/icons/chevron-down.svg?raw';
import up from 'lucide-static/icons/chevron-up.svg?raw';
import contrast from 'lucide-static/icons/contrast.svg?raw';
import copy from 'lucide-static/icons/copy.svg?raw';
import download from 'lucide-static/icons/download.svg?raw';
import keyboard from 'lucide-static/icons/keyboard.svg?raw';
import grid from 'lucide-static/icons/layout-grid.svg?raw';
import maximize from 'lucide-static/icons/maximize.svg?raw';
import mic from 'lucide-static/icons/mic.svg?raw';
import micOff from 'lucide-static/icons/mic-off.svg?raw';
import minimize from 'lucide-static/icons/minimize.svg?raw';
import minus from 'lucide-static/icons/minus.svg?raw';
import pause from 'lucide-static/icons/pause.svg?raw';
import pencil from 'lucide-static/icons/pencil.svg?raw';
import pictureInPicture from 'lucide-static/icons/picture-in-picture-2.svg?raw';
import play from 'lucide-static/icons/play.svg?raw';
import plus from 'lucide-static/icons/plus.svg?raw';
import screen from 'lucide-static/icons/screen-share.svg?raw';
import screenOff from 'lucide-static/icons/screen-share-off.svg?raw';
import search from 'lucide-static/icons/search.svg?raw';
import settings from 'lucide-static/icons/settings-2.svg?raw';
import swap from 'lucide-static/icons/switch-camera.svg?raw';
import soundOn from 'lucide-static/icons/volume-2.svg?raw';
import soundOff from 'lucide-static/icons/volume-x.svg?raw';
import close from 'lucide-static/icons/x.svg?raw';

const icons = {
  'arrow-down': arrowDown,
  captions,
  'captions-off': captionsOff,
  check,
  close,
  contrast,
  copy,
  down,
  download,
  grid,
  keyboard,
  letters,
  maximize,
  mic,
  'mic-off': micOff,
  minimize,
  minus,
  pause,
  pencil,
  'picture-in-picture': pictureInPicture,
  play,
  plus,
  screen,
  'screen-off': screenOff,
  search,
  settings,
  'sound-off': soundOff,
  'sound-on': soundOn,
  swap,
  up,
} as const;

/** The icons of the pages, all from lucide-static. */
export type IconName = keyof typeof icons;

/** An icon as inline SVG, hidden from screen readers: what it stands in has the label. */
export function icon(name: IconName): TemplateResult {
  return html`<span class="icon" aria-hidden="true">${unsafeHTML(icons[name])}</span>`;
}
