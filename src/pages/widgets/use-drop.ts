import { useSignal } from "@preact/signals";

/** Handlers that make an element take what is dropped on it, and whether something hangs over it. */
export function useDrop(onDrop: (transfer: DataTransfer) => void) {
  const isOver = useSignal(false);
  return {
    isOver: isOver.value,
    handlers: {
      onDragOver: (event: DragEvent) => {
        event.preventDefault();
        isOver.value = true;
      },
      onDragLeave: () => {
        isOver.value = false;
      },
      onDrop: (event: DragEvent) => {
        event.preventDefault();
        isOver.value = false;
        if (event.dataTransfer !== null) onDrop(event.dataTransfer);
      },
    },
  };
}

/**
 * As `useDrop`, for files alone and around other drop zones: what is dropped on one of them, on a dialog or into a text is
 * theirs.
 */
export function useFileDrop(onFiles: (files: File[]) => void) {
  const isOver = useSignal(false);
  const isOurs = (event: DragEvent): boolean => {
    const { target, dataTransfer, defaultPrevented } = event;
    const isOthers = defaultPrevented || (target instanceof Element && target.closest("dialog, textarea") !== null);
    return !isOthers && (dataTransfer?.types.includes("Files") ?? false);
  };
  return {
    isOver: isOver.value,
    handlers: {
      onDragOver: (event: DragEvent) => {
        isOver.value = isOurs(event);
        if (isOver.value) event.preventDefault();
      },
      onDragLeave: () => {
        isOver.value = false;
      },
      onDrop: (event: DragEvent) => {
        isOver.value = false;
        if (!isOurs(event)) return;
        event.preventDefault();
        onFiles([...event.dataTransfer!.files]);
      },
    },
  };
}
