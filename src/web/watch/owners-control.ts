import { AccountForm } from '../account/account-form.ts';
import type { VideoAnswer } from '../elements/video-api.ts';
import { type Hold, holdOn } from './video-hold.ts';

/** Something for whoever a video belongs to, and for nobody else. Event `video-changed`. */
export abstract class OwnersControl extends AccountForm {
  static override properties = { video: { attribute: false } };
  declare video: VideoAnswer | undefined;
  #hold: Hold | undefined;
  #askedFor: string | undefined;

  constructor() {
    super();
    this.video = undefined;
  }

  override willUpdate(): void {
    const { video } = this;
    if (video === undefined || video.id === this.#askedFor) return;
    this.#askedFor = video.id;
    this.#hold = undefined;
    void holdOn(video).then(hold => {
      this.#hold = hold;
      this.requestUpdate();
    });
  }

  /** By what the page's user may change the video; undefined: they may not, or nobody knows yet. */
  protected get hold(): Hold | undefined {
    return this.#hold;
  }

  /** Tells that the video is another one now. */
  protected changed(): void {
    this.dispatchEvent(new Event('video-changed'));
  }
}
