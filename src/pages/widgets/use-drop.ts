import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";

/**
 * Handlers that make an element take what is dropped on it, and whether something hangs over it. What `isOurs` declines goes on to
 * the elements around it.
 */
export function useDrop(
  onDrop: (transfer: DataTransfer) => void,
  isOurs: (transfer: DataTransfer) => boolean = () => true,
) {
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
        isOver.value = false;
        if (event.dataTransfer === null || !isOurs(event.dataTransfer)) return;
        event.preventDefault();
        onDrop(event.dataTransfer);
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

/**
 * Takes files that are dropped anywhere in the window, but for what a drop zone has taken and for dialogs, which have theirs;
 * returns whether some hang over it. Without it a browser would leave the page for the file. One at a time: with `isOn` false it
 * leaves them to another.
 */
export function useWindowDrop(onDrop: (transfer: DataTransfer) => void, isOn = true): boolean {
  const isOver = useSignal(false);
  const take = useRef(onDrop);
  take.current = onDrop;
  useLayoutEffect(() => {
    if (!isOn) return;
    const hasFiles = ({ dataTransfer }: DragEvent): boolean => dataTransfer?.types.includes("Files") ?? false;
    const isTaken = ({ target }: DragEvent): boolean => target instanceof Element && target.closest("dialog") !== null;
    const over = (event: DragEvent): void => {
      // A drop zone that hangs below has said so already.
      isOver.value = hasFiles(event) && !event.defaultPrevented && !isTaken(event);
      if (hasFiles(event)) event.preventDefault();
    };
    const leave = (): void => {
      isOver.value = false;
    };
    const drop = (event: DragEvent): void => {
      isOver.value = false;
      if (!hasFiles(event) || event.defaultPrevented) return;
      event.preventDefault();
      if (!isTaken(event)) take.current(event.dataTransfer!);
    };
    addEventListener("dragover", over);
    addEventListener("dragleave", leave);
    addEventListener("drop", drop);
    return () => {
      removeEventListener("dragover", over);
      removeEventListener("dragleave", leave);
      removeEventListener("drop", drop);
    };
  }, [isOn]);
  return isOver.value;
}
