/** The campaign's page: hands what the driver asks for to a worker, which supervises the ranks as the app's does. */
import { wrap } from "comlink";
import type { Ward } from "./run-worker";

const ward = wrap<Ward>(
  new Worker(new URL("./run-worker.ts", import.meta.url), { type: "module", name: "supervisor" }),
);

Object.assign(globalThis, {
  run: (name: keyof Ward, argument: never) => (ward[name] as (argument: never) => unknown)(argument),
});
