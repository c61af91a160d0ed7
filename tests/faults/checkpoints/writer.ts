/** A process that writes checkpoints into a folder until it is killed: `writer.js FOLDER FROM`. Tells what it does on stdout. */
import { writeSync } from "node:fs";
import { FolderStorage } from "../../../src/cli/folder-storage";
import { writeForEver } from "./workload";

const [, , folder, from] = process.argv;
// Written at once: a line that the killer has read was true before the kill.
await writeForEver(new FolderStorage(folder), Number(from), (what, step) => writeSync(1, `${what} ${step}\n`));
