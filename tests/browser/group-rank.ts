/** A rank of the tests in a worker of a page: takes one start, gives one answer. */
import { type RankStart, runRank } from "../helpers/group-job";

if (typeof document === "undefined") {
  addEventListener("message", ({ data }: MessageEvent<RankStart>) => {
    void runRank(data, () => close()).then((answer) => postMessage(answer));
  });
}
