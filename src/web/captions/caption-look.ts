/** How a person wants captions over the picture. */
export type CaptionLook = {
  readonly isOn: boolean;
  readonly size: 'small' | 'medium' | 'large' | 'huge';
  readonly position: 'bottom' | 'top';
  /** What makes them legible over any picture: a dark outline, a shade behind the lines, or a black box. */
  readonly background: 'outline' | 'shade' | 'box';
};

/** What can be chosen, each with its word. */
export const captionChoices = {
  size: { small: 'Small', medium: 'Medium', large: 'Large', huge: 'Huge' },
  position: { bottom: 'Bottom', top: 'Top' },
  background: { outline: 'Outline', shade: 'Shade', box: 'Box' },
} as const satisfies { [Key in Exclude<keyof CaptionLook, 'isOn'>]: Record<CaptionLook[Key], string> };
