/** The app in a page of the browser tests, and what axe-core says of that page. */
import axe from "axe-core";
import { h, render } from "preact";
import "uplot/dist/uPlot.min.css";
import "../../src/pages/styles/index.css";
import { App, type Parts, partsOf } from "../../src/pages/app";
import type { Store } from "../../src/pages/store";
import { Setup } from "../../src/pages/train/setup";

export interface MountedApp {
  readonly parts: Parts;
  readonly root: HTMLElement;
  /** Takes the app out of the page again. */
  close(): void;
}

/** Renders the app around `store`, with an adapter that a test names, in a page without transitions. */
export async function mountApp(store: Store): Promise<MountedApp> {
  const setup = new Setup();
  await setup.load();
  const parts = partsOf(store, setup);
  const unfollow = store.followAddress();
  store.adapter.value = { kind: "found", name: "a test's adapter" };
  const root = document.createElement("div");
  root.id = "app";
  document.body.append(root);
  document.documentElement.lang = "en";
  document.title = "Handloom";
  // axe reads colours at once; halfway through a transition they are neither the old nor the new ones.
  const still = document.createElement("style");
  still.textContent = "* { transition: none !important; animation: none !important; }";
  document.head.append(still);
  render(h(App, parts), root);
  const close = (): void => {
    unfollow();
    render(null, root);
    root.remove();
    still.remove();
  };
  return { parts, root, close };
}

/** What axe-core finds wrong with `context`, one line each. */
export async function violations(context: axe.ElementContext = document): Promise<string[]> {
  const result = await axe.run(context, { resultTypes: ["violations"] });
  return result.violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.html} ${node.failureSummary}`),
  );
}
