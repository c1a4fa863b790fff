import { type CaptionLook, captionChoices } from './caption-look.ts';

const storageKey = 'livereel.captions';

const standard: CaptionLook = { isOn: true, size: 'medium', position: 'bottom', background: 'outline' };

/** The look of captions on this device, kept for the next time. Event `change`, also of another tab's choice. */
export class CaptionStyle extends EventTarget {
  #look = read();

  constructor() {
    super();
    window.addEventListener('storage', this.#onStorage);
  }

  get look(): CaptionLook {
    return this.#look;
  }

  /** Changes some of it, and keeps that. */
  set(change: Partial<CaptionLook>): void {
    this.#look = { ...this.#look, ...change };
    try {
      localStorage.setItem(storageKey, JSON.stringify(this.#look));
    } catch {
      // A private window: it holds until it is closed.
    }
    this.dispatchEvent(new Event('change'));
  }

  /** Stops listening. Safe to call twice. */
  close(): void {
    window.removeEventListener('storage', this.#onStorage);
  }

  readonly #onStorage = (event: StorageEvent): void => {
    if (event.key !== storageKey) return;
    this.#look = read();
    this.dispatchEvent(new Event('change'));
  };
}

function read(): CaptionLook {
  try {
    const stored = JSON.parse(localStorage.getItem(storageKey) ?? '{}') as Record<string, unknown>;
    return {
      isOn: typeof stored.isOn === 'boolean' ? stored.isOn : standard.isOn,
      size: oneOf(captionChoices.size, stored.size) ?? standard.size,
      position: oneOf(captionChoices.position, stored.position) ?? standard.position,
      background: oneOf(captionChoices.background, stored.background) ?? standard.background,
    };
  } catch {
    return standard;
  }
}

function oneOf<Name extends string>(choices: Record<Name, string>, value: unknown): Name | undefined {
  return typeof value === 'string' && Object.hasOwn(choices, value) ? (value as Name) : undefined;
}
