/** Told what somebody does with a file over the page. */
export type DropListener = {
  /** A file is held over the page, or no longer. */
  readonly hovering: (isHovering: boolean) => void;
  readonly dropped: (file: File) => void;
};

/** Lets a file be dropped anywhere on the page; returns how to stop it. One file: the first of several. */
export function listenForDrops({ hovering, dropped }: DropListener): () => void {
  // Each element that is passed over tells its own enter and leave.
  let depth = 0;
  const holdsFile = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;
  const enter = (event: DragEvent) => {
    if (!holdsFile(event)) return;
    event.preventDefault();
    depth += 1;
    hovering(true);
  };
  const over = (event: DragEvent) => {
    if (holdsFile(event)) event.preventDefault();
  };
  const leave = () => {
    depth = Math.max(0, depth - 1);
    if (depth === 0) hovering(false);
  };
  const drop = (event: DragEvent) => {
    if (!holdsFile(event)) return;
    // Else the browser leaves the page to show the file.
    event.preventDefault();
    depth = 0;
    hovering(false);
    const file = event.dataTransfer?.files[0];
    if (file !== undefined) dropped(file);
  };
  const stop = new AbortController();
  const { signal } = stop;
  document.addEventListener('dragenter', enter, { signal });
  document.addEventListener('dragover', over, { signal });
  document.addEventListener('dragleave', leave, { signal });
  document.addEventListener('drop', drop, { signal });
  return () => stop.abort();
}
