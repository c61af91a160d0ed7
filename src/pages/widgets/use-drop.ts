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
