/** A worker that the page makes for another worker. */
import { exposeToStarter } from "../../src/ranks/nursery";

const child = {
  double(shared: Int32Array): string {
    shared[0] *= 2;
    return `doubled by ${self.name}`;
  },
  fail(): void {
    setTimeout(() => {
      throw new Error("it broke");
    }, 0);
  },
};

export type NursedChild = typeof child;
exposeToStarter(child);
