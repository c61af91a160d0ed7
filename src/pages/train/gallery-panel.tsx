/** The gallery, loaded when it is first shown. */
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";

let loaded: ComponentType | undefined;

export function GalleryPanel() {
  const [View, setView] = useState(() => loaded);
  const [problem, setProblem] = useState<string | undefined>(undefined);
  useEffect(() => {
    if (loaded !== undefined) return;
    import("../inspect/gallery").then(
      ({ Gallery }) => {
        loaded = Gallery;
        setView(() => Gallery);
      },
      () => setProblem("The gallery could not be loaded: reload the page to try again."),
    );
  }, []);
  if (View !== undefined) return <View />;
  return (
    <p class="empty" role="status">
      {problem ?? "Loading the gallery …"}
    </p>
  );
}
