import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { HandViewerProps } from "./hand-viewer";

let loaded: ComponentType<HandViewerProps> | undefined;

/** The hand viewer, loaded when it is first shown: not everybody who trains looks at hands. */
export function LazyHandViewer(props: HandViewerProps) {
  const [Viewer, setViewer] = useState(() => loaded);
  const [problem, setProblem] = useState<string | undefined>(undefined);
  useEffect(() => {
    if (loaded !== undefined) return;
    import("./hand-viewer").then(
      (module) => {
        loaded = module.HandViewer;
        setViewer(() => loaded);
      },
      () => setProblem("The 3D viewer could not be loaded: reload the page to try again."),
    );
  }, []);
  if (Viewer !== undefined) return <Viewer {...props} />;
  return (
    <div class="hand-viewer">
      <p class="empty" role="status">
        {problem ?? "Loading the 3D viewer …"}
      </p>
    </div>
  );
}
