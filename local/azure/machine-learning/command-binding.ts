import type { CommandDefinition } from "./job-definition.ts";
import { invalid } from "./refusal.ts";

const BINDING = /\$\{\{\s*(inputs|outputs)\.([A-Za-z0-9_-]+)\s*\}\}/g;
/** A part of a command that falls away when an input in it has no value. */
const OPTIONAL = /\$\[\[(.*?)\]\]/gs;

interface Values {
  readonly inputs: Readonly<Record<string, string>>;
  readonly outputs: Readonly<Record<string, string>>;
}

/** Puts the values of inputs and outputs into a command, as they are: quoting is the command's own matter. */
export function bindCommand(command: string, values: Values): string {
  const hasAll = (part: string) =>
    [...part.matchAll(BINDING)].every(([, side, name = ""]) =>
      Object.hasOwn(side === "inputs" ? values.inputs : values.outputs, name),
    );
  return command
    .replace(OPTIONAL, (_, part: string) => (hasAll(part) ? part : ""))
    .replace(BINDING, (_, side: "inputs" | "outputs", name: string) => values[side][name] ?? "");
}

/** @throws {Refusal} 400 when the command binds an input or output that the job does not declare */
export function checkBindings({
  command,
  inputs,
  outputs,
}: Pick<CommandDefinition, "command" | "inputs" | "outputs">): void {
  for (const [binding, side, name = ""] of command.replace(OPTIONAL, "").matchAll(BINDING)) {
    const declared = Object.keys((side === "inputs" ? inputs : outputs) ?? {});
    if (declared.includes(name)) continue;
    throw invalid(
      `The command binds ${binding}, expected one of the declared ${side}: ${declared.join(", ") || "none"}.`,
    );
  }
}
