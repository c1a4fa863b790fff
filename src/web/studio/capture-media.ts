import {
  type CameraChoice,
  type CameraProblem,
  cameraProblem,
  listDevices,
  openCamera,
  openCameraTrack,
  openScreenTrack,
} from './camera.ts';

type Choice = Pick<CameraChoice, 'cameraId' | 'microphoneId' | 'height'>;

const cameraGone = 'The camera was disconnected. Change the camera, or stop.';

/**
 * What is shown in the preview and recorded: one picture (camera or screen) and one microphone. Owns their
 * tracks. Event `change` when anything of it has changed.
 */
export class CaptureMedia extends EventTarget {
  #preview: MediaStream | null = null;
  #isScreen = false;
  #facing: 'user' | 'environment' = 'user';
  #cameraId: string | undefined;
  #notice: string | undefined;

  /** The stream to show; another object whenever its picture is another. */
  get preview(): MediaStream | null {
    return this.#preview;
  }

  get videoTrack(): MediaStreamTrack | undefined {
    return this.#preview?.getVideoTracks()[0];
  }

  get isScreen(): boolean {
    return this.#isScreen;
  }

  /** People know themselves from mirrors; what the back camera or a screen shows is shown as it is. */
  get isMirrored(): boolean {
    const facing = this.videoTrack?.getSettings().facingMode;
    return !this.#isScreen && facing !== 'environment';
  }

  get hasSound(): boolean {
    return (this.#preview?.getAudioTracks().length ?? 0) > 0;
  }

  get isMuted(): boolean {
    return this.hasSound && !this.#preview?.getAudioTracks().some(track => track.enabled);
  }

  get canShareScreen(): boolean {
    return typeof navigator.mediaDevices?.getDisplayMedia === 'function';
  }

  /** Something that is not as it should be, though it works. */
  get notice(): string | undefined {
    return this.#notice;
  }

  /** Opens camera and microphone. Resolves to what went wrong, if it did. */
  async open(choice: Choice): Promise<CameraProblem | undefined> {
    try {
      const { stream, notice } = await openCamera({ ...choice, facing: this.#facing });
      this.close();
      this.#notice = notice;
      this.#isScreen = false;
      this.#use(stream);
      return undefined;
    } catch (error) {
      return cameraProblem(error);
    }
  }

  /** Opens what was chosen in the settings, while nothing is recorded. */
  async choose(choice: Choice): Promise<void> {
    if (this.#preview === null || this.#isScreen) return;
    this.#cameraId = choice.cameraId;
    const wasMuted = this.isMuted;
    const problem = await this.open(choice);
    this.#notice = problem?.advice ?? this.#notice;
    if (wasMuted && !this.isMuted) this.toggleMute();
    this.#changed();
  }

  /** Puts a screen or window in place of the camera; the microphone stays. */
  async shareScreen(choice: Choice): Promise<CameraProblem | undefined> {
    try {
      const track = await openScreenTrack();
      if (track === undefined) return undefined;
      // Of the browser's own "Stop sharing".
      track.addEventListener('ended', () => {
        if (this.videoTrack === track) void this.backToCamera(choice);
      });
      this.#isScreen = true;
      const sound = this.#preview?.getAudioTracks() ?? (await this.#microphone(choice));
      this.#replacePicture(track, sound);
      return undefined;
    } catch (error) {
      return cameraProblem(error);
    }
  }

  async backToCamera(choice: Choice): Promise<void> {
    await this.#openOther({ ...choice, facing: this.#facing });
  }

  /** The other side of a phone, or the next camera of a desk. */
  async nextCamera(choice: Choice): Promise<void> {
    const cameras = await listDevices('videoinput');
    const facing = this.videoTrack?.getSettings().facingMode;
    if (facing === 'user' || facing === 'environment') {
      this.#facing = facing === 'user' ? 'environment' : 'user';
      return this.#openOther({ height: choice.height, facing: this.#facing });
    }
    const now = this.#cameraId ?? this.videoTrack?.getSettings().deviceId;
    const next = cameras[(cameras.findIndex(camera => camera.deviceId === now) + 1) % cameras.length];
    if (next === undefined) return;
    this.#cameraId = next.deviceId;
    await this.#openOther({ height: choice.height, cameraId: next.deviceId });
  }

  toggleMute(): void {
    const isMuted = this.isMuted;
    for (const track of this.#preview?.getAudioTracks() ?? []) track.enabled = isMuted;
    this.#changed();
  }

  /** Turns everything off. Safe to call twice. */
  close(): void {
    for (const track of this.#preview?.getTracks() ?? []) track.stop();
    this.#preview = null;
    this.#changed();
  }

  async #microphone(choice: Choice): Promise<MediaStreamTrack[]> {
    try {
      const audio = choice.microphoneId === undefined ? true : { deviceId: { ideal: choice.microphoneId } };
      return (await navigator.mediaDevices.getUserMedia({ audio })).getAudioTracks();
    } catch {
      this.#notice = 'The microphone is off: this will be recorded without sound.';
      return [];
    }
  }

  async #openOther(choice: CameraChoice): Promise<void> {
    try {
      // Phones open one camera at a time.
      if (!this.#isScreen) this.videoTrack?.stop();
      const track = await openCameraTrack(choice);
      this.#isScreen = false;
      this.#notice = undefined;
      this.#replacePicture(track, this.#preview?.getAudioTracks() ?? []);
    } catch (error) {
      this.#notice = cameraProblem(error).title;
      this.#changed();
    }
  }

  #replacePicture(track: MediaStreamTrack, sound: MediaStreamTrack[]): void {
    const before = this.videoTrack;
    this.#use(new MediaStream([track, ...sound]));
    before?.stop();
  }

  #use(stream: MediaStream): void {
    this.#preview = stream;
    const track = stream.getVideoTracks()[0];
    track?.addEventListener('ended', () => {
      if (this.videoTrack !== track || this.#isScreen) return;
      this.#notice = cameraGone;
      this.#changed();
    });
    this.#changed();
  }

  #changed(): void {
    this.dispatchEvent(new Event('change'));
  }
}
