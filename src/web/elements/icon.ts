import { html, type TemplateResult } from 'lit';
import { unsafeHTML } from 'lit/directives/unsafe-html.js';
import check from 'lucide-static/icons/check.svg?raw';
import copy from 'lucide-static/icons/copy.svg?raw';
import download from 'lucide-static/icons/download.svg?raw';
import keyboard from 'lucide-static/icons/keyboard.svg?raw';
import maximize from 'lucide-static/icons/maximize.svg?raw';
import mic from 'lucide-static/icons/mic.svg?raw';
import micOff from 'lucide-static/icons/mic-off.svg?raw';
import minimize from 'lucide-static/icons/minimize.svg?raw';
import pause from 'lucide-static/icons/pause.svg?raw';
import pictureInPicture from 'lucide-static/icons/picture-in-picture-2.svg?raw';
import play from 'lucide-static/icons/play.svg?raw';
import screen from 'lucide-static/icons/screen-share.svg?raw';
import screenOff from 'lucide-static/icons/screen-share-off.svg?raw';
import settings from 'lucide-static/icons/settings-2.svg?raw';
import swap from 'lucide-static/icons/switch-camera.svg?raw';
import soundOn from 'lucide-static/icons/volume-2.svg?raw';
import soundOff from 'lucide-static/icons/volume-x.svg?raw';
import close from 'lucide-static/icons/x.svg?raw';

const icons = {
  check,
  close,
  copy,
  download,
  keyboard,
  maximize,
  mic,
  'mic-off': micOff,
  minimize,
  pause,
  'picture-in-picture': pictureInPicture,
  play,
  screen,
  'screen-off': screenOff,
  settings,
  'sound-off': soundOff,
  'sound-on': soundOn,
  swap,
} as const;

/** The icons of the pages, all from lucide-static. */
export type IconName = keyof typeof icons;

/** An icon as inline SVG, hidden from screen readers: what it stands in has the label. */
export function icon(name: IconName): TemplateResult {
  return html`<span class="icon" aria-hidden="true">${unsafeHTML(icons[name])}</span>`;
}
