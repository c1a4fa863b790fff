/** What a person has chosen to be seen and heard with; ids are those of `enumerateDevices`. */
export type CameraChoice = {
  readonly cameraId?: string;
  readonly microphoneId?: string;
  readonly facing?: 'user' | 'environment';
  /** Lines of the picture in landscape: 480, 720, 1080. */
  readonly height: number;
};

/** Why there is no picture: a sentence, and what to do about it. */
export type CameraProblem = { readonly title: string; readonly advice: string };

/** An opened camera. `notice` says what is missing although it works. */
export type OpenedCamera = { readonly stream: MediaStream; readonly notice?: string };

const noMicrophone = 'No microphone was found: this will be recorded without sound.';

/**
 * Opens camera and microphone: the camera alone when there is no microphone, any camera when the chosen one
 * is gone.
 * @throws whatever `getUserMedia` throws; `cameraProblem` puts it into words.
 */
export async function openCamera(choice: CameraChoice): Promise<OpenedCamera> {
  const video = videoConstraints(choice);
  const audio: MediaTrackConstraints = {
    echoCancellation: true,
    noiseSuppression: true,
    autoGainControl: true,
  };
  if (choice.microphoneId !== undefined) audio.deviceId = { ideal: choice.microphoneId };
  try {
    return { stream: await navigator.mediaDevices.getUserMedia({ video, audio }) };
  } catch (error) {
    if (!(error instanceof DOMException) || error.name !== 'NotFoundError') throw error;
    // One of the two is missing, and the browser does not say which.
    return { stream: await navigator.mediaDevices.getUserMedia({ video }), notice: noMicrophone };
  }
}

/** Opens another camera without touching the microphone. @throws as `openCamera`. */
export async function openCameraTrack(choice: CameraChoice): Promise<MediaStreamTrack> {
  const stream = await navigator.mediaDevices.getUserMedia({ video: videoConstraints(choice) });
  return stream.getVideoTracks()[0] as MediaStreamTrack;
}

/** Lets a person choose a screen or window. Resolves to undefined when they choose none. */
export async function openScreenTrack(): Promise<MediaStreamTrack | undefined> {
  try {
    const stream = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: 30 } });
    return stream.getVideoTracks()[0];
  } catch (error) {
    if (error instanceof DOMException && error.name === 'NotAllowedError') return undefined;
    throw error;
  }
}

/** Whether the camera may be opened without a question to the person. */
export async function isCameraGranted(): Promise<boolean> {
  try {
    const status = await navigator.permissions.query({ name: 'camera' as PermissionName });
    return status.state === 'granted';
  } catch {
    return false;
  }
}

/** The cameras or microphones that can be chosen; they have names only after one was opened. */
export async function listDevices(kind: 'videoinput' | 'audioinput'): Promise<MediaDeviceInfo[]> {
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices.filter(device => device.kind === kind && device.deviceId !== '');
}

/** What keeps this browser from recording at all, before anything is tried. */
export function platformProblem(recorderType: string | undefined): CameraProblem | undefined {
  if (!window.isSecureContext || navigator.mediaDevices === undefined) {
    return {
      title: 'The camera needs a secure address',
      advice: `Browsers open cameras only over https or on localhost. Open https://${location.host} instead, or this page on the machine where the server runs.`,
    };
  }
  if (recorderType === undefined) {
    return {
      title: 'This browser cannot record video',
      advice: 'It has no usable recorder. Open this page in a current Chrome, Edge, Firefox or Safari.',
    };
  }
  return undefined;
}

const problems: Record<string, CameraProblem> = {
  NotAllowedError: {
    title: 'The camera is not allowed',
    advice:
      'Allow camera and microphone for this site: in the address bar, at the camera or lock icon. If it is allowed there, the system may forbid it: look into its privacy settings. Then try again.',
  },
  NotFoundError: {
    title: 'No camera was found',
    advice: 'Plug one in or switch it on, then try again. You can also record your screen.',
  },
  NotReadableError: {
    title: 'The camera is busy',
    advice: 'Another program or tab is using it, or it does not answer. Close that one, then try again.',
  },
};

/** Puts what `getUserMedia` threw into words. */
export function cameraProblem(error: unknown): CameraProblem {
  const name = error instanceof DOMException ? error.name : '';
  const known = problems[aliases[name] ?? name];
  if (known !== undefined) return known;
  return {
    title: 'The camera could not be opened',
    advice: `The browser says: ${error instanceof Error ? error.message : String(error)}. Unplug it and plug it in again, or choose another one in the settings.`,
  };
}

const aliases: Record<string, string> = {
  SecurityError: 'NotAllowedError',
  PermissionDeniedError: 'NotAllowedError',
  AbortError: 'NotReadableError',
  TrackStartError: 'NotReadableError',
};

function videoConstraints(choice: CameraChoice): MediaTrackConstraints {
  // Ideals, not demands: a camera without 1080 lines gives what it has, a turned phone turns the sides.
  const video: MediaTrackConstraints = {
    width: { ideal: Math.round((choice.height * 16) / 9) },
    height: { ideal: choice.height },
    frameRate: { ideal: 30 },
  };
  if (choice.cameraId !== undefined) video.deviceId = { ideal: choice.cameraId };
  else video.facingMode = { ideal: choice.facing ?? 'user' };
  return video;
}
