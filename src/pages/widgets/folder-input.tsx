import { useRef } from "preact/hooks";

/**
 * A hidden `<input webkitdirectory>`, for browsers that cannot pick a directory; returns it and the function that opens it.
 * `onFiles` hears of a folder that holds something; an empty one looks like a closed picker.
 */
export function useFolderInput(label: string, onFiles: (files: FileList) => void) {
  const input = useRef<HTMLInputElement>(null);
  return {
    open: () => input.current?.click(),
    element: (
      <input
        ref={(element) => {
          input.current = element;
          // No property of its own in the types of JSX.
          element?.setAttribute("webkitdirectory", "");
        }}
        type="file"
        multiple
        class="sr-only"
        tabIndex={-1}
        aria-label={label}
        onChange={(event) => {
          const { files } = event.currentTarget;
          if (files !== null && files.length > 0) onFiles(files);
        }}
      />
    ),
  };
}
