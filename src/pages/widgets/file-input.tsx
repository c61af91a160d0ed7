import { useRef } from "preact/hooks";

interface FileInputOptions {
  /** As the attribute `accept`: endings or types, by comma. Default: any file. */
  readonly accept?: string;
  readonly isMultiple?: boolean;
}

/** A hidden `<input type="file">`; returns it and the function that opens it. The same file may be chosen again. */
export function useFileInput(label: string, onFiles: (files: File[]) => void, options: FileInputOptions = {}) {
  const input = useRef<HTMLInputElement>(null);
  return {
    open: () => input.current?.click(),
    element: (
      <input
        ref={input}
        type="file"
        multiple={options.isMultiple ?? false}
        accept={options.accept}
        class="sr-only"
        tabIndex={-1}
        aria-label={label}
        onChange={({ currentTarget }) => {
          const files = [...(currentTarget.files ?? [])];
          currentTarget.value = "";
          if (files.length > 0) onFiles(files);
        }}
      />
    ),
  };
}
