/** Entry of the terminal: `npm run handloom -- COMMAND [options]`. */
import { type Command, helpText, parseOptions, suggestion } from "./command";

/** Commands in the order of the help; a module is loaded when its command is asked for. */
const COMMANDS: Readonly<Record<string, () => Promise<{ readonly command: Command }>>> = {
  train: () => import("./commands/train"),
  evaluate: () => import("./commands/evaluate"),
  check: () => import("./commands/check"),
  doctor: () => import("./commands/doctor"),
  import: () => import("./commands/import"),
  synthesize: () => import("./commands/synthesize"),
  profile: () => import("./commands/profile"),
  verify: () => import("./commands/verify"),
};

async function overview(): Promise<string> {
  const lines = await Promise.all(
    Object.entries(COMMANDS).map(async ([name, load]) => `  ${name.padEnd(11)} ${(await load()).command.summary}`),
  );
  return `npm run handloom -- COMMAND [options]\n\n${lines.join("\n")}\n\nEvery command has --help.\n`;
}

async function main([name, ...args]: readonly string[]): Promise<number> {
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    process.stdout.write(await overview());
    return name === undefined ? 1 : 0;
  }
  if (!Object.hasOwn(COMMANDS, name)) {
    throw new Error(`unknown command "${name}"${suggestion(name, Object.keys(COMMANDS), "")}`);
  }
  const { command } = await COMMANDS[name]();
  const values = parseOptions(name, command.options, args);
  if (values.help) {
    process.stdout.write(helpText(name, command));
    return 0;
  }
  return (await command.run(values)) ?? 0;
}

// Exit by hand: Dawn's threads and open handles of a browser must not keep the process alive.
const exit = (code: number) => process.stdout.write("", () => process.exit(code));
main(process.argv.slice(2)).then(exit, (error: unknown) => {
  process.stderr.write(`handloom: ${error instanceof Error ? error.message : String(error)}\n`);
  if (process.env.HANDLOOM_DEBUG && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  exit(1);
});
